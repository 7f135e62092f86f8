"""The plan: what Rasa decided to say. The words are found in content/ afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.domain.answer import Facet
from bot.domain.language import Language


class Kind(StrEnum):
    """What a card is; part of the public interface."""

    ANSWER = "answer"
    FACET = "facet"
    CHOICES = "choices"
    FALLBACK = "fallback"
    SMALLTALK = "smalltalk"
    ACTION = "action"
    WARD = "ward"


Step = Literal["ask", "do", "cancel"]
"""Of an action that is asked about first: it is asked, confirmed ("do"), or not wanted ("cancel")."""


class Plan(BaseModel):
    """One card to be said.

    reply: the kind of card.
    id, facet, ids: which answer, which side of it, which choices; of an answer, what came next to it.
    action: the small talk or action, by its public name.
    step: of an action that is asked about first.
        Of wards: the places that are asked about, as content/wards.yml names them.
    topic, page: which part of the topics menu; page counts from 1. topic also: of the news wanted; page also:
        of a district's wards.
    reason: why a fallback: nothing fits, again, or the message could not be read; why something else is
        offered beside or instead: nothing fits, the staff was to answer, there is nothing to do it with;
        why a question is asked again: what was said to it was no clear yes or no; why there is no ward: it is
        not in the table, or the location lies elsewhere; and that wards are but those nearest to a location.
    address_at: where in the message an address begins, where the ward in it does, and where that ends.
    read: what stands in the picture that the message was. Not from Rasa, which is shown no pictures.
    question, office: what would be left for the staff, and who likely answers it. Not from Rasa,
        which keeps no text: filled in by bot.answering.effects, and so is
    topics: what the person gets news of.
    other_language: the code of the message's language (ISO 639-1), if it is neither of ours.
    address: what of an address stands before the ward, and the ward, both as they were typed: filled in by
        bot.answering.dialogue.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reply: Kind
    language: Language
    id: str | None = None
    facet: Facet | None = None
    ids: tuple[str, ...] = ()
    action: str | None = None
    step: Step | None = None
    topic: str | None = None
    page: int = 1
    reason: (
        Literal[
            "no_answer",
            "again",
            "ask_topic",
            "empty",
            "unreadable",
            "voice",
            "video",
            "sticker",
            "poll",
            "contact",
            "picture_no_words",
            "picture_refused",
            "picture_busy",
            "picture_gone",
            "trouble",
            "nothing_there",
            "for_staff",
            "unclear",
            "not_in_table",
            "nearest",
            "far_away",
        ]
        | None
    ) = None
    read: str | None = None
    question: str | None = None
    office: str | None = None
    topics: tuple[str, ...] = ()
    other_language: str | None = None
    address_at: tuple[int, int, int] | None = None
    address: tuple[str, str] | None = None


class Pick(BaseModel):
    """What somebody picked in words, which Rasa names instead of a plan: the bot asks for it as its button
    would.

    id, facet: the answer, or one side of it. action: what the card is to say that it comes from ("back").
    """

    model_config = ConfigDict(frozen=True)

    id: str
    facet: Facet | None = None
    action: str | None = None


Plans = TypeAdapter(Annotated[tuple[Plan, ...], Field(min_length=1)])
"""A whole reply's plans, to and from JSON."""
