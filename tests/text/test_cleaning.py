"""What people type is kept as they typed it, but for what cannot be seen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.cleaning import MARKS_MOST, clean


@pytest.mark.parametrize(
    "text",
    [
        "តើផ្សារអណ្តែតកៃរ៉ាងបើកម៉ោងប៉ុន្មាន?",
        "ตลาดน้ำเปิดกี่โมง",
        "नदी का बाज़ार कब खुलता है?",
        "Gia đình 👨‍👩‍👧‍👦 đi chợ ❤️ được không",
        "𝗖𝗵𝗼̛̣ 𝗻𝗼̂̉𝗶",
        "\U0001fa77 \U0001fae9 \U0001faff",  # emoji of 2022 and of 2024, and one that is none yet
        "수상시장은 몇 시에 열어요?",
    ],
)
def test_a_question_in_any_script_stays_as_it_was_typed(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("chợ\u200b nổi", "chợ nổi"),
        ("\u202egnol\u202c dài", "gnol dài"),
        ("a\U000e0041\x00b", "ab"),
        ("o" + "\u0301" * 50, "ó" + "\u0301" * MARKS_MOST),
        ("\u0301\u0301 xin chào \u200d", "xin chào"),
        ("một\n\n dòng\t khác", "một dòng khác"),
    ],
)
def test_what_cannot_be_seen_goes_and_marks_do_not_pile_up(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@given(st.text(max_size=300))
def test_no_text_is_too_odd(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Co"} for c in cleaned)
