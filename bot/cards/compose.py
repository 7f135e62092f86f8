"""From plans to a reply: the words come from content/, in the person's language."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace

from bot.cards.actions import action_card
from bot.cards.answers import answer_card, facet_card
from bot.cards.fallbacks import choices_card, fallback_card
from bot.cards.wards import ward_card
from bot.content.library import Library
from bot.domain.answer import BothLanguages
from bot.domain.arrival import Arrival
from bot.domain.card import Card, Reply
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan


def compose(
    plans: tuple[Plan, ...],
    library: Library,
    today: datetime.date,
    *,
    arrival: Arrival,
    is_cut: bool = False,
) -> Reply:
    """The reply that the plans stand for.

    Args:
        plans: what Rasa decided, at least one.
        library: the version of content/ that is served.
        today: to tell an answer that is past its review.
        arrival: of news on the channel; whoever subscribes is told.
        is_cut: the message was longer than what is read; the first card says so.
    """
    other_language = library.messages.languages.get(plans[0].other_language or "")
    if plans[0].other_language and not (other_language and other_language.answered):
        plans = (Plan(reply=Kind.FALLBACK, language=plans[0].language, reason="no_answer"),)
    cards = [_card(plan, library, today, arrival) for plan in plans]
    if other_language and other_language.answered:
        cards[0] = with_notice(cards[0], other_language.sentence)
    if is_cut:
        cards[0] = with_notice(cards[0], library.messages.phrases.too_long[cards[0].language])
    if library.notice:
        cards[0] = replace(cards[0], alert=library.notice[cards[0].language])
    return Reply(plans[0].language, traceable(cards, library))


def compose_pause(sentence: BothLanguages, language: Language | None, library: Library) -> Card:
    """All that a channel says that is switched off; in both languages if nobody knows the person's."""
    text = sentence[language] if language else f"{sentence.vi}\n\n{sentence.en}"
    card = Card(kind=Kind.ACTION, language=language or Language.VI, action="paused", text=text)
    return replace(card, version=library.version)


def traceable(cards: Iterable[Card], library: Library) -> tuple[Card, ...]:
    """The cards, with the version of content/ from which they were made."""
    return tuple(replace(card, version=library.version) for card in cards)


def with_notice(card: Card, notice: str) -> Card:
    """The card, with something to know before what it says already."""
    return replace(card, notice=f"{notice} {card.notice}" if card.notice else notice)


def _card(plan: Plan, library: Library, today: datetime.date, arrival: Arrival) -> Card:
    match plan.reply:
        case Kind.ANSWER:
            return answer_card(plan, library, today)
        case Kind.FACET:
            return facet_card(plan, library, today)
        case Kind.CHOICES:
            return choices_card(plan, library)
        case Kind.FALLBACK:
            return fallback_card(plan, library)
        case Kind.WARD:
            return ward_card(plan, library)
        case Kind.SMALLTALK | Kind.ACTION:
            return action_card(plan, library, arrival)
