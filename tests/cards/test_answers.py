"""What is said where an answer has no such side, is gone, or was never published; and a topic's pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cards.compose import compose, compose_pause
from bot.cards.menus import MENU_PAGE, page_buttons
from bot.content.library import Library
from bot.content.schema import AnswerStatus
from bot.domain import payload
from bot.domain.answer import BothLanguages, Facet, Source
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan

FOOD = "culture.food"


def card(library: Library, **plan: Any) -> Card:
    made = Plan.model_validate({"language": "en", **plan})
    return compose((made,), library, local_day(utc_now()), arrival=Arrival.ON_RETURN).cards[0]


def changed(library: Library, **fields: Any) -> Library:
    """The library with other fields in its answer on food."""
    answer = library.answers[FOOD].model_copy(update=fields)
    return replace(library, answers={**library.answers, FOOD: answer})


def with_phone(library: Library) -> Library:
    office = library.offices["culture"].model_copy(update={"phone": "0292 3 820 000"})
    return replace(library, offices={**library.offices, "culture": office})


class TestASide:
    def test_what_is_not_stated_is_said_so_with_the_office_that_can_tell(
        self, small_library: Library
    ) -> None:
        said = card(with_phone(small_library), reply="facet", id=FOOD, facet="price")
        assert said.kind is Kind.FACET
        assert "Title of food" in said.text
        assert "Department of Culture" in said.text
        assert "0292 3 820 000" in said.text
        assert said.buttons[0].payload == payload.for_answer(FOOD)

    def test_where_no_way_to_the_office_is_known_it_is_named_alone(self, small_library: Library) -> None:
        said = card(small_library, reply="facet", id=FOOD, facet="price")
        assert "Department of Culture" in said.text

    def test_its_contact_is_its_offices_unless_the_answer_has_one(self, small_library: Library) -> None:
        library = with_phone(small_library)
        assert "0292 3 820 000" in card(library, reply="facet", id=FOOD, facet="contact").text
        english = library.answers[FOOD].en.model_copy(update={"facets": {Facet.CONTACT: "Ask at the gate."}})
        own = changed(library, en=english)
        assert card(own, reply="facet", id=FOOD, facet="contact").text == "Ask at the gate."

    def test_its_sources_are_told_by_every_answer(self, small_library: Library) -> None:
        sources = (Source(title="A law"), Source(title="A notice"))
        said = card(changed(small_library, sources=sources), reply="facet", id=FOOD, facet="source")
        assert [line[:4] for line in said.text.splitlines()] == ["- A ", "- A "]
        assert "A notice" in said.text

    @pytest.mark.parametrize("reply", ["answer", "facet"])
    def test_of_what_was_never_published_nothing_is_told(self, small_library: Library, reply: str) -> None:
        draft = changed(small_library, status=AnswerStatus.DRAFT)
        said = card(draft, reply=reply, id=FOOD, facet="price")
        assert said.kind is Kind.FALLBACK
        assert said.text == small_library.messages.phrases.fallback.en

    def test_of_what_is_not_there_any_more_it_is_said_that_it_is_gone(self, small_library: Library) -> None:
        said = card(small_library, reply="answer", id="culture.nothing")
        assert said.text == small_library.messages.phrases.gone.en
        assert said.buttons


def test_choices_of_which_none_is_published_are_a_fallback(small_library: Library) -> None:
    said = card(small_library, reply="choices", ids=["culture.nothing"])
    assert (said.kind, said.text) == (Kind.FALLBACK, small_library.messages.phrases.fallback.en)


def test_a_side_of_nothing_in_hand_is_asked_back_by_its_name(small_library: Library) -> None:
    said = card(small_library, reply="fallback", reason="ask_topic", facet="price")
    assert small_library.messages.facets.price.en in said.text
    assert "{" not in said.text


def test_where_answers_have_the_side_that_was_named_alone_they_are_offered_for_it(
    small_library: Library,
) -> None:
    said = card(small_library, reply="choices", reason="ask_topic", facet="price", ids=[FOOD])
    assert said.text == card(small_library, reply="fallback", reason="ask_topic", facet="price").text
    assert said.buttons[0].payload == payload.for_facet(FOOD, Facet.PRICE)


def test_what_was_not_understood_as_yes_or_no_is_asked_again_and_nothing_was_done(
    small_library: Library,
) -> None:
    again = card(small_library, reply="action", action="forget", step="ask", reason="unclear")
    assert again.text.endswith(small_library.messages.phrases.not_done_yet.en)
    assert again.buttons == card(small_library, reply="action", action="forget", step="ask").buttons


@pytest.mark.parametrize(
    ("language", "text"),
    [(Language.VI, "Tạm nghỉ."), (Language.EN, "A break."), (None, "Tạm nghỉ.\n\nA break.")],
)
def test_a_channel_that_is_switched_off_says_so_in_both_languages_if_nobody_knows_which(
    small_library: Library, language: Language | None, text: str
) -> None:
    sentence = BothLanguages(vi="Tạm nghỉ.", en="A break.")
    assert compose_pause(sentence, language, small_library).text == text


class TestATopicsPages:
    @pytest.fixture
    def library(self, small_library: Library) -> Library:
        """Of one topic, two pages and one answer."""
        food = small_library.answers[FOOD]
        ids = [f"culture.a{number:02}" for number in range(2 * MENU_PAGE + 1)]
        return replace(small_library, answers={one: food.model_copy(update={"id": one}) for one in ids})

    @pytest.mark.parametrize(
        ("page", "answers", "others"),
        [(0, MENU_PAGE, [2]), (1, MENU_PAGE, [2]), (2, MENU_PAGE, [3, 1]), (3, 1, [2]), (99, 1, [2])],
    )
    def test_each_leads_to_those_beside_it_and_none_is_empty(
        self, library: Library, page: int, answers: int, others: list[int]
    ) -> None:
        buttons = page_buttons("culture", page, Language.EN, library)
        payloads = [button.payload for button in buttons]
        assert len(payloads) == answers + len(others)
        assert payloads[answers:] == [payload.for_topic("culture", other) for other in others]

    def test_every_answer_is_on_one(self, library: Library) -> None:
        pages = [page_buttons("culture", page, Language.EN, library) for page in (1, 2, 3)]
        named = {button.payload for page in pages for button in page}
        assert named >= {payload.for_answer(one) for one in library.answers}

    def test_a_topic_that_was_picked_is_named(self, library: Library) -> None:
        said = card(library, reply="action", action="topics", topic="culture")
        assert library.messages.topic_name("culture").en in said.text
        assert said.buttons[0].payload == payload.for_answer("culture.a00")
