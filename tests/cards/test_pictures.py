"""A clarification is offered as a picture, and an answer has its own beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cards.compose import compose
from bot.content.library import Library
from bot.content.paths import share_path
from bot.content.schema import AnswerStatus, Media
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan

RUMOUR = "clarification.bank-impersonation"


def card(library: Library, language: Language = Language.EN, answer_id: str = RUMOUR, **plan: str) -> Card:
    made = Plan.model_validate({"reply": Kind.ANSWER, "language": language, "id": answer_id, **plan})
    return compose((made,), library, local_day(utc_now()), arrival=Arrival.AT_ONCE).cards[0]


@pytest.mark.parametrize("language", Language)
def test_under_a_clarification_stands_how_to_share_it(city_library: Library, language: Language) -> None:
    label = city_library.messages.labels.share[language]
    buttons = {button.label: button.payload for button in card(city_library, language).buttons}
    assert buttons[label] == f"share:{RUMOUR}:{language}"
    assert label not in {b.label for b in card(city_library, language, "culture.food").buttons}


@pytest.mark.parametrize("language", Language)
def test_what_is_shared_says_the_verdict_and_leads_to_the_answer(
    city_library: Library, language: Language
) -> None:
    shared = card(city_library, language, reply="action", action="share")
    answer = city_library.answers[RUMOUR]
    verdict = city_library.messages.verdicts.refuted[language]
    assert shared.picture
    assert shared.picture.caption == f"{verdict}: {answer[language].title}"
    assert verdict in shared.picture.alt
    assert shared.picture.path == share_path(answer, language, city_library)
    assert shared.picture.page == f"/{language}/clarification/bank-impersonation"
    assert [button.payload for button in shared.buttons] == [
        f"answer:{RUMOUR}",
        f"share:{RUMOUR}:{language.other}",
    ]


def test_a_picture_whose_answer_was_taken_back_meanwhile_is_no_picture(city_library: Library) -> None:
    answer = city_library.answers[RUMOUR].model_copy(update={"status": AnswerStatus.DRAFT})
    library = replace(city_library, answers={**city_library.answers, RUMOUR: answer})
    shared = card(library, reply="action", action="share")
    assert (shared.picture, shared.text) == (None, city_library.messages.phrases.fallback.en)


@pytest.mark.parametrize("language", Language)
def test_a_picture_of_an_answer_is_described_and_says_whose_it_is(
    city_library: Library, language: Language
) -> None:
    media = Media.model_validate(
        {
            "file": {"vi": "map.vi.png", "en": "map.en.png"},
            "alt": {"vi": "Bản đồ", "en": "A map"},
            "credit": "Ask Cần Thơ",
            "licence": "CC BY 4.0",
            "clip": "https://film.example/x",
        }
    )
    food = city_library.answers["culture.food"].model_copy(update={"media": media})
    library = replace(city_library, answers={**city_library.answers, food.id: food})
    shown = card(library, language, food.id)
    assert shown.picture
    assert (shown.picture.path, shown.picture.alt) == (f"/media/map.{language}.png", media.alt[language])
    assert "Ask Cần Thơ" in shown.picture.caption
    assert "CC BY 4.0" in shown.picture.caption
    assert "https://film.example/x" in {button.url for button in shown.buttons}
