"""Words are compared without case, diacritics and decoration."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.folding import fold, words


@pytest.mark.parametrize(
    "decorated",
    ["𝗖𝗵𝗼̛̣ 𝗻𝗼̂̉𝗶", "Ｃｈợ　ｎổｉ", "Chợ_nổi", "CHỢ NỔI", unicodedata.normalize("NFD", "chợ nổi"), "Ⓒⓗợ ⓝổⓘ"],
)
def test_decoration_makes_no_other_word(decorated: str) -> None:
    assert words(decorated) == ["cho", "noi"]


@given(st.text(max_size=300))
def test_no_diacritic_is_left_of_any_text(text: str) -> None:
    assert all(unicodedata.category(c) != "Mn" for c in fold(text))
