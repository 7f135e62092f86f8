"""What is said beside a refusal, and above an answer to a question in another language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cards.compose import compose
from bot.content.library import Library
from bot.domain import payload
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan


def card(library: Library, **plan: Any) -> Card:
    made = Plan.model_validate({"language": "en", **plan})
    return compose((made,), library, local_day(utc_now()), arrival=Arrival.ON_RETURN).cards[0]


@pytest.mark.parametrize("action", ["declined", "live"])
def test_a_refusal_offers_the_answer_that_helps_instead(action: str, small_library: Library) -> None:
    answer = next(iter(small_library.answers))
    phrases = small_library.messages.phrases
    instead = getattr(phrases, f"{action}_instead")[Language.EN]

    alone = card(small_library, reply="action", action=action)
    beside = card(small_library, reply="action", action=action, ids=[answer])

    assert instead not in alone.text
    assert instead in beside.text
    assert beside.buttons[0].payload == payload.for_answer(answer)


def test_an_answer_to_a_question_in_another_language_says_so_in_it(small_library: Library) -> None:
    answer = next(iter(small_library.answers))
    sentence = small_library.messages.languages["ko"].sentence

    said = card(small_library, reply="answer", id=answer, other_language="ko")

    assert said.kind is Kind.ANSWER
    assert said.notice
    assert sentence in said.notice


@pytest.mark.parametrize("code", ["ko", "xx"])
def test_a_language_that_is_switched_off_or_unknown_is_not_answered(
    code: str, small_library: Library
) -> None:
    languages = {
        name: language.model_copy(update={"answered": False})
        for name, language in small_library.messages.languages.items()
    }
    library = replace(
        small_library, messages=small_library.messages.model_copy(update={"languages": languages})
    )
    answer = next(iter(library.answers))

    said = card(library, reply="answer", id=answer, other_language=code)

    assert said.kind is Kind.FALLBACK
    assert not said.notice
