"""Figures read alike from both languages, however each of them writes them."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.check.numbers import differences, numbers_en, numbers_vi

MONTHS = [f"{datetime.date(2026, month, 1):%B}" for month in range(1, 13)]


def _id(value: object) -> str:
    """The same in each process, as a set's order is not."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


@pytest.mark.parametrize(
    ("vietnamese", "english", "numbers"),
    [
        ("6.360,83 km²", "6,360.83 km²", {"6360.83"}),
        ("2.000 m2", "2,000 m²", {"2000"}),
        ("02 Hòa Bình", "2 Hòa Bình", {"2"}),
        ("0,5%", "0.50%", {"0.5"}),
        ("1-3 ngày", "1 to 3 days", {"1", "3"}),
        ("từ tháng 8/2025", "since August 2025", {"8/2025"}),
        ("tháng 8 năm 2025", "August of 2025", {"8/2025"}),
        ("lễ 30/4 và 1/5", "30 April and 1 May", {"30/4", "1/5"}),
        ("trực 24/7, nghỉ 1-2 ngày", "24/7, off 1-2 days", {"24/7", "1", "2"}),
        ("10-10,5%, khoảng 1.234,5 tỉ", "10-10.5%, about 1,234.5 billion", {"10", "10.5", "1234.5"}),
        ("giữa tháng Giêng", "the middle of January", {"1"}),
        ("theo Nghị định 72/2015/NĐ-CP", "under Decree 72/2015/NĐ-CP", {"72/2015/NĐ-CP"}),
        ("Nghị quyết 59-NQ/TW năm 2020", "Resolution 59-NQ/TW of 2020", {"59-NQ/TW", "2020"}),
        ("Kế hoạch 239/KH-UBND", "Plan 239/KH-UBND", {"239/KH-UBND"}),
        ("gọi 0292 382 0000", "call 0292.3820000", {"02923820000"}),
        ("gọi +84 981 84 84 84", "call +84981848484", {"+84981848484"}),
        ("7g30 - 11g30", "7:30 to 11:30 a.m.", {"7", "11", "30"}),
        ("13:30 - 17:00", "1:30-5 p.m.", {"13", "30", "17"}),
        ("11 giờ đến 14 giờ", "11 to 2 p.m.", {"11", "14"}),
        ("8 giờ tối", "8pm", {"20"}),
        ("5 giờ 30 chiều", "5:30 p.m.", {"17", "30"}),
        ("tra ở [vbpl.vn](https://vbpl.vn/q?id=7)", "look at https://en.vbpl.vn/page/8", set()),
        ("Bạn được ở lại tới tháng 5", "May I stay? Until May", {"5"}),
    ],
    ids=_id,
)
def test_both_ways_of_writing_give_the_same_numbers(vietnamese: str, english: str, numbers: set[str]) -> None:
    assert numbers_vi(vietnamese) == numbers
    assert numbers_en(english) == numbers


@pytest.mark.parametrize(
    ("vietnamese", "english"),
    [
        ("1,5 triệu", "15 million"),
        ("ngày 05/4/2025", "4 May 2025"),
        ("ngày 10/3", "3 October"),
        ("tháng 7/2026", "June 2026"),
        ("2.500 tỉ đồng", "VND 2.500 billion"),
        ("1,500,000 đồng", "VND 1,500,000"),
        ("1,125 km", "1,125 km"),
        ("Nghị định 72/2015/NĐ-CP", "Decree 72/2015/ND-CP"),
        ("Nghị quyết 202/2025/QH15", "Resolution 190/2025/QH15"),
        ("0292 382 0000", "0292 382 0001"),
        ("5 giờ sáng", "5 p.m."),
    ],
    ids=_id,
)
def test_what_differs_is_seen(vietnamese: str, english: str) -> None:
    assert differences(vietnamese, english) != ([], [])


@pytest.mark.parametrize(
    ("vietnamese", "english"),
    [
        ("từ tháng 7 đến tháng 9/2025", "in 2025, from July to September"),
        ("ngày 1 và 2/7/2025", "1 and 2 July 2025"),
        ("ngày 10/3, năm 2016", "10 March 2016"),
    ],
)
def test_a_date_may_be_taken_apart(vietnamese: str, english: str) -> None:
    assert differences(vietnamese, english) == ([], [])


@given(st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False))
def test_any_amount_reads_alike(amount: Decimal) -> None:
    english = f"{amount:,}"
    vietnamese = english.translate(str.maketrans(",.", ".,"))
    assert numbers_vi(f"{vietnamese} đồng") == numbers_en(f"VND {english}")
    assert {Decimal(number) for number in numbers_en(english)} == {amount}


@given(st.dates())
def test_any_date_reads_alike(day: datetime.date) -> None:
    year, month = f"{day.year:04}", MONTHS[day.month - 1]
    for vietnamese in (
        f"{day:%d/%m}/{year}",
        f"{day.day}-{day.month}-{year}",
        f"{day.day}/{day.month} năm {year}",
    ):
        for english in (f"{day.day} {month} {year}", f"{month} {day.day}, {year}", f"{day:%d/%m}/{year}"):
            assert numbers_vi(f"từ ngày {vietnamese}.") == numbers_en(f"since {english}.")
            assert len(numbers_en(english)) == 1


@given(st.integers(0, 23), st.integers(1, 59))
def test_any_time_after_noon_reads_alike(hour: int, minute: int) -> None:
    english = f"{hour - 12 if hour > 12 else hour}:{minute:02} {'p.m.' if hour >= 12 else 'a.m.'}"
    assert numbers_vi(f"{hour}:{minute:02}") == numbers_en(english)


@given(st.text())
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    assert numbers_vi(text) >= set()
    assert numbers_en(text) >= set()
