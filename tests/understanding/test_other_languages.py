"""What is taught in languages other than ours: nlu/languages/."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.data import data_in

LANGUAGES: dict[str, dict[str, Any]] = {
    file.stem: data_in(file) for file in sorted((ROOT / "nlu" / "languages").glob("*.yml"))
}
"""By their code."""

PUBLISHED = {
    f"faq/{topic}.{name}"
    for topic, names in data_in(ROOT / "content" / "catalogue.yml").items()
    for name in names
}
"""The labels of all answers that there ever were."""


def asked(code: str) -> list[str]:
    """All examples of a language."""
    return [text for texts in LANGUAGES[code]["examples"].values() for text in texts]


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_asked_for_are_answers_that_were_published(code: str) -> None:
    labels = {label for label in LANGUAGES[code]["examples"] if label.startswith("faq/")}
    assert labels <= PUBLISHED
    assert len(labels) > 100


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_question_stands_there_once_in_composed_letters(code: str) -> None:
    texts = asked(code)
    assert [text for text in texts if unicodedata.normalize("NFC", text) != text] == []
    assert [text for text, count in Counter(texts).items() if count > 1] == []


@pytest.mark.parametrize("code", [code for code, language in LANGUAGES.items() if language.get("scripts")])
def test_the_script_of_a_language_is_told_by_unicodes_names(code: str) -> None:
    scripts = tuple(LANGUAGES[code]["scripts"])
    written = [
        text
        for text in asked(code)
        if any(unicodedata.name(letter, "").startswith(scripts) for letter in text)
    ]
    assert len(written) > 0.95 * len(asked(code))


def test_speakers_of_each_are_told_in_it_in_which_language_they_are_answered() -> None:
    assert set(data_in(ROOT / "content" / "messages.yml")["languages"]) == set(LANGUAGES)
