"""Whole texts with the keys of an input method left in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.slips import with_telex_keys, with_vni_keys
from nlu.components.key_corrector import KeyCorrector, KeyLimits

WORDS = "bảo tàng mở cửa lúc mấy giờ thứ hai có nghỉ không tôi là kiều quốc tịch giữ xe móc"
SYLLABLES = dict.fromkeys(WORDS.split(), 300)
OTHERS = {"can": 90, "tho": 90, "car": 40, "park": 40, "near": 40, "the": 900, "museum": 80, "vneid": 60}
CORRECTOR = KeyCorrector(SYLLABLES, {**OTHERS, "tooi": 2, "mowr": 2}, KeyLimits(2, (0.6, 0.8)))
SENTENCE = "bảo tàng mở cửa lúc mấy giờ"


@pytest.mark.parametrize("typed_with", [with_telex_keys, with_vni_keys])
def test_a_sentence_typed_with_keys_is_what_was_meant(typed_with: Callable[[str], str]) -> None:
    assert CORRECTOR.correct(" ".join(map(typed_with, SENTENCE.split()))) == SENTENCE


def test_a_key_hit_twice_in_a_word_without_marks_leaves_the_word() -> None:
    assert CORRECTOR.correct("baor tangf mowr cuwar thuws haii") == "bảo tàng mở cửa thứ hai"


def test_a_long_word_is_noise_and_not_read() -> None:
    noise = "x" * 1000  # to read it would take 20 s of a processor
    assert CORRECTOR.correct(f"baor tangf mowr cuwar {noise}") == f"bảo tàng mở cửa {noise}"


def test_a_slip_that_somebody_taught_is_no_word() -> None:
    assert CORRECTOR.correct("tooi laf kieefu") == "tôi là kiều"
    assert CORRECTOR.correct("baor tangf mowr cuwar") == "bảo tàng mở cửa"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bảoo tàngg mở cửaa lúcc mấyy giờ", SENTENCE),
        ("baor tangf mowr cuwar luscc", SENTENCE[:19]),
        ("baảo tàang mở cuửa lúc mấy giờ", SENTENCE),
    ],
)
def test_a_key_may_have_been_hit_twice(typed: str, meant: str) -> None:
    assert CORRECTOR.correct(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "car park near the museum?",
        "Can Tho museum",
        "the vneid",
        "theres a car near the museum",
        SENTENCE,
        "mở cửa thứ hai xe có moóc",
        "b2 c1",
    ],
)
def test_what_has_no_keys_in_it_stays(text: str) -> None:
    assert CORRECTOR.correct(text) == text


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(CORRECTOR.correct(text), str)
