"""What is personal in what people type is masked, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.cleaning import clean
from bot.text.personal_numbers import MASK, mask_personal

PERSONAL = [
    "0912345678", "0912 345 678", "0912.345.678", "0912-345-678", "0912–345–678", "0912‑345‑678",
    "0912 - 345 - 678", "0912. 345. 678", "0912  345  678", "0912_345_678", "0912•345•678", "(0912) 345 678",
    "(0912)345678", "0912/345/678", "0912, 345, 678", "0 9 1 2 3 4 5 6 7 8", "84 912 345 678", "84912345678",
    "+84 912 345 678", "+84 (0) 912 345 678", "(+84) 912 345 678", "(0292) 3812345", "0292.3812.345",
    "361 234 567", "361.234.567", "361234567", "079 090 001 234", "079.090.001.234", "079090001234",
    "912 345 000", "٠٩١٢٣٤٥٦٧٨", "０９１２３４５６７８", "B1234567", "c12345678", "N 1234567",
    "0912;345;678", "0912|345|678", "0912\\345\\678", "0912:345:678", "0912~345~678", "0912→345→678",
    "0912...345...678", "0912 ... 345 ... 678", "0912 -- 345 -- 678", "0912 / 345 / 678", "0912/345678",
    "09/12/34/56/78", "0,9,1,2,3,4,5,6,7,8", "0912,345678", "0912'345'678", "0912.345.678đ", "912 345 678 tr",
    "0912345678/0987654321", "0912345678,0987654321", "0912 113 114", "10:0912345678", "O9I2345678",
    "⓪⑨①②③④⑤⑥⑦⑧", "❶❷❸❹❺❻❼❽❾", "⁰⁹¹²³⁴⁵⁶⁷⁸", "0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "𝟎𝟗𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", "០៩១២៣៤៥៦៧៨",
    "sdt0912345678", "CCCD079090001234", "GD4790123456789", "0912345678a", "_0912345678_", "/0912345678",
    "https://zalo.me/0912345678", "wa.me/84912345678", "B-1234567", "B12 34567", "AB123456",
    "ten1@gmail", "ten1 @ gmail.com", "ten1(at)gmail.com", "ten1[at]gmail[dot]com", "ten1＠gmail.com",
    "ten1 a còng gmail chấm com", "970436 0123456789012", "0912345678 0987654321",
    "co.ba+zalo@gmail.com", "ten@co-quan.cantho.gov.vn",
]  # fmt: skip

PUBLIC = [
    "202/2025/QH15", "1022", "111", "1800 1096", "18001096", "1900.1234", "1900 292900", "30/4/2026",
    "01.07.2025", "2025-07-01", "2024 2025 2026", "2025-2030", "100.000.000 đồng", "1.500.000.000",
    "3 500 000 đ",    "25.112.345 VND", "giá 12.345.678",
    "$1.234.567", "3.256.078 người", "7h30 - 17h00", "24/7", "50000000đ", "1.500.000 - 2.000.000 đồng",
    "113, 114, 115", "111 1022", "30/4 - 1/5/2026", "01/07/2025 - 31/12/2026", "01.07.2025-31.12.2025",
    "10:30 01/07/2025", "1/7/2025, 34", "1234/2025/QĐ-UBND", "https://baocantho.com.vn/a-12345678.html",
    "QL1A", "K123", "10:30 11:45",
]  # fmt: skip


@pytest.mark.parametrize("number", PERSONAL)
@pytest.mark.parametrize("around", ["{}", "gọi lại cho tôi {} nhé", "SĐT:{}, cảm ơn", "({})."])
def test_personal_numbers_are_masked_in_every_way_of_writing(number: str, around: str) -> None:
    masked = mask_personal(around.format(number))

    assert MASK in masked
    assert sum(c.isdigit() for c in masked) == 0


@pytest.mark.parametrize("number", PUBLIC)
@pytest.mark.parametrize("around", ["{}", "cho hỏi {} là sao?"])
def test_dates_amounts_helplines_and_document_numbers_stay(number: str, around: str) -> None:
    assert mask_personal(around.format(number)) == around.format(number)


@given(
    st.from_regex(r"0[35789]\d{8}", fullmatch=True),
    st.lists(st.sampled_from(["", " ", ".", "-", "–", " - ", "‑", "  ", "·", "_"]), min_size=9, max_size=9),
)
def test_a_phone_number_is_masked_whatever_stands_between_its_digits(number: str, between: list[str]) -> None:
    written = "".join(digit + gap for digit, gap in zip(number, [*between, ""], strict=True))

    assert mask_personal(f"gọi {written} nha") == f"gọi {MASK} nha"


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_be_masked(text: str) -> None:
    mask_personal(clean(text))
