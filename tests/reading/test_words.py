"""Of what was recognised, what somebody wrote is kept: no clock, no battery, no drawing."""

from __future__ import annotations

from itertools import islice
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pictures import cases, share_wrong
from bot.reading.reader import read
from bot.reading.tesseract import Word, lines_of
from bot.reading.words import written


def line(*texts: str, sure: float = 96, height: int = 30) -> tuple[Word, ...]:
    return tuple(Word(text, sure, height) for text in texts)


TEXT = line("Chợ", "nổi", "đã", "đóng", "cửa")


def test_lines_stay_lines() -> None:
    assert written([TEXT, line("Ai", "nói", "vậy?")]) == "Chợ nổi đã đóng cửa\nAi nói vậy?"


@pytest.mark.parametrize(
    "bar", [("9:41", "87%"), ("18:51",), ("7.30",), ("09:45", "PM"), ("4G", "76%"), ("•", "12:05")]
)
def test_what_a_telephone_wrote_is_left_out(bar: tuple[str, ...]) -> None:
    assert written([line(*bar), TEXT]) == "Chợ nổi đã đóng cửa"


@pytest.mark.parametrize("text", ["lúc 9:41 sáng", "tăng 87%", "113", "2026", "từ 01/6/2026"])
def test_numbers_that_somebody_wrote_are_not(text: str) -> None:
    assert text in written([TEXT, line(*text.split())])


def test_drawings_are_no_words() -> None:
    drawing = Word("O", 80, 81)
    unsure = (Word("h", 40, 30), Word("Ấ", 24, 32), Word("@", 91, 30), Word("CoD", 55, 91))
    assert written([(drawing, *TEXT), unsure]) == "Chợ nổi đã đóng cửa"


def test_a_headline_is_read() -> None:
    assert written([line("KHẨN", "CẤP", height=34), line("THÔNG", "BÁO", height=80), TEXT, TEXT]).startswith(
        "KHẨN CẤP\nTHÔNG BÁO"
    )


@given(st.text())
def test_no_table_is_too_strange(table: str) -> None:
    written(lines_of(f"level\n{table}"))


@given(st.lists(st.lists(st.builds(Word, st.text(max_size=5), st.floats(0, 100), st.integers(0, 999)))))
def test_nor_are_any_words(lines: list[list[Word]]) -> None:
    written([tuple(words) for words in lines])


@pytest.mark.server
@pytest.mark.usefixtures("tesseract")
async def test_pictures_as_they_go_round_are_read() -> None:
    """Eight of those of the benchmark, one of each style, at the aim of all: 97 letters of 100."""
    some = list(islice(cases(), 8))
    assert len({case.style for case in some}) == 8
    wrong = []
    for case in some:
        wrong.append(share_wrong(" ".join((await read(case.data)).split()), case.text))
    assert fmean(wrong) <= 0.03
