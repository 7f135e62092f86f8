"""Whole conversations with the real Rasa server over the public interface."""

from __future__ import annotations

import pytest

from bot.content.library import Library
from tests.support.dialogues import Dialogue, Outcome, dialogues

RIGHT = 0.92
"""The share of all turns that must be right."""

IN_FULL = ("confirmations", "doubt", "care")
"""Kinds in which a wrong turn does harm."""


@pytest.fixture(scope="session")
def outcomes(page_dialogues: list[list[Outcome]]) -> list[Outcome]:
    """How every turn of every dialogue went."""
    return [outcome for dialogue in page_dialogues for outcome in dialogue]


def test_the_dialogues_are_in_both_languages_and_name_what_is_published(library: Library) -> None:
    played = dialogues()
    ids = {turn.expect.id for dialogue in played for turn in dialogue.turns if turn.expect.id}
    in_vietnamese = sum(_begins_in(dialogue, "vi") for dialogue in played)

    assert len(played) >= 85
    assert 0.4 < in_vietnamese / len(played) < 0.6
    assert {answer for answer in ids if library.published(answer) is None} == set()


def _begins_in(dialogue: Dialogue, language: str) -> bool:
    """Whether that is the first language that is expected; Vietnamese is what is not said."""
    expected = (turn.expect.language for turn in dialogue.turns if turn.expect.language)
    return next(expected, "vi") == language


@pytest.mark.rasa
def test_nearly_all_turns_are_right(outcomes: list[Outcome]) -> None:
    wrong = _told([outcome for outcome in outcomes if outcome.misses])
    share = 1 - len(wrong) / len(outcomes)

    assert share >= RIGHT, f"{share:.1%} of {len(outcomes)} turns are right"


@pytest.mark.rasa
@pytest.mark.parametrize("kind", IN_FULL)
def test_what_may_not_go_wrong_never_does(outcomes: list[Outcome], kind: str) -> None:
    wrong = _told([outcome for outcome in outcomes if outcome.misses and outcome.dialogue.kind == kind])

    assert not wrong, f"{len(wrong)} turns are wrong"


def _told(wrong: list[Outcome]) -> list[Outcome]:
    for outcome in wrong:
        print(outcome)
    return wrong
