"""Slips of the fingers, put right before a text is read."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.slips import SLIPS
from nlu.components.diacritics import DiacriticRestorer
from nlu.components.typos import TypoCorrector
from tests.support.components import restorer_limits, typo_limits

ENGLISH = TypoCorrector(
    {"market": 200, "floating": 200, "makret": 1, "dark": 1, "park": 200, "incentives": 60, "regulation": 9},
    typo_limits(),
)

VIETNAMESE = DiacriticRestorer.learn(
    ["chợ nổi cái răng", "quốc tịch việt nam", "hòa bình", "lễ hội óc om bóc", "ở đâu vậy"] * 20,
    restorer_limits(),
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("maket", "market"),
        ("incenteves", "incentives"),
        ("incentevse", "incentives"),
        ("floatingmarket", "floating market"),
        ("mar ket", "market"),
        ("makret", "market"),
    ],
    ids=["one slip", "another letter", "two in a long word", "joined", "parted", "taught once"],
)
def test_english_slips_are_put_right(typed: str, meant: str) -> None:
    assert ENGLISH.correct(typed) == meant


@pytest.mark.parametrize("word", ["dark", "reputation"])
def test_another_word_stays(word: str) -> None:
    assert ENGLISH.correct(word) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cho noi cai rang", "chợ nổi cái răng"),
        ("quôc tich viêt nam", "quốc tịch việt nam"),
        ("hoà bình", "hòa bình"),
        ("chợnổi", "chợ nổi"),
        ("cnổi cái răng", "chợ nổi cái răng"),
    ],
    ids=["none", "a tone is missing", "the tone stands elsewhere", "joined", "the beginning of a syllable"],
)
def test_vietnamese_slips_are_put_right(typed: str, meant: str) -> None:
    assert VIETNAMESE.restore(typed) == meant


def test_a_syllable_that_nobody_taught_and_that_can_be_stays() -> None:
    assert VIETNAMESE.restore("rằng") == "rằng"


@given(st.text(max_size=60), st.integers())
def test_every_kind_of_damage_leaves_a_text(text: str, seed: int) -> None:
    text = unicodedata.normalize("NFC", text)
    for kinds in SLIPS.values():
        for slip in kinds.values():
            assert isinstance(slip(text, random.Random(seed)), str)
