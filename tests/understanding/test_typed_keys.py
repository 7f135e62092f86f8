"""Vietnamese with the keys of an input method left in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.slips import with_telex_keys, with_vni_keys
from nlu.components.typed_keys import spelling_of, telex, vni

SYLLABLES = (
    "chợ",
    "nổi",
    "đường",
    "giấy",
    "miễn",
    "được",
    "người",
    "quyền",
    "hòa",
    "ngoài",
    "gì",
    "ăn",
    "ủy",
)


@pytest.mark.parametrize("syllable", SYLLABLES)
def test_keys_typed_behind_a_syllable_are_read(syllable: str) -> None:
    assert spelling_of(telex(with_telex_keys(syllable))) == spelling_of(syllable)
    assert spelling_of(vni(with_vni_keys(syllable))) == spelling_of(syllable)


@pytest.mark.parametrize(
    ("typed", "meant"), [("dduwowngf", "đường"), ("giaasy", "giấy"), ("ddược", "được"), ("cux", "cũ")]
)
def test_keys_may_stand_where_the_fingers_were(typed: str, meant: str) -> None:
    assert telex(typed) == meant


@given(st.text(max_size=12))
def test_any_word_is_read_without_an_error(word: str) -> None:
    assert isinstance(telex(word), str)
    assert isinstance(vni(word), str)


def test_a_word_without_keys_stays() -> None:
    assert [telex(word) for word in ("can", "tho", "thi", "ban")] == ["can", "tho", "thi", "ban"]
    assert [vni(word) for word in ("can", "2050", "vneid")] == ["can", "2050", "vneid"]
