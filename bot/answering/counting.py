"""What became of a message, as the figures count it."""

from __future__ import annotations

from bot.cards.actions import NO_CLARIFICATION
from bot.domain.language import DEFAULT_LANGUAGE
from bot.domain.plan import Kind, Plan
from bot.storage.queue import Entry
from bot.storage.traffic import Outcome, Tally

_ANSWERS = {Kind.ANSWER, Kind.FACET}

_OF_KIND = {
    Kind.CHOICES: Outcome.OFFERED,
    Kind.WARD: Outcome.WARD,
    Kind.ACTION: Outcome.ACTION,
    Kind.SMALLTALK: Outcome.SMALL_TALK,
}

_OF_REASON = {
    "empty": Outcome.UNREADABLE,
    "unreadable": Outcome.UNREADABLE,
    "picture_no_words": Outcome.UNREADABLE,
    "picture_refused": Outcome.UNREADABLE,
    "picture_busy": Outcome.HELD_BACK,
    "trouble": Outcome.HELD_BACK,
}


def count(tally: Tally, entry: Entry, plans: tuple[Plan, ...] = ()) -> None:
    """Count a message with what was said to it, an answer before all else; no plans: nothing was said."""
    message = entry.message
    telling = next((plan for plan in plans if plan.reply in _ANSWERS), None)
    first = telling or (plans[0] if plans else None)
    outcome = outcome_of(first, is_button=message.button is not None) if first else Outcome.HELD_BACK
    tally.add(
        entry.received_at,
        channel=message.channel,
        language=first.language if first else message.language or DEFAULT_LANGUAGE,
        outcome=outcome,
        answer=first.id if first and outcome in {Outcome.ANSWERED, Outcome.CHOSEN} else None,
    )


def outcome_of(plan: Plan, *, is_button: bool) -> Outcome:
    """What a plan makes of a message. is_button: of one that was pressed."""
    if plan.reply in _ANSWERS:
        return Outcome.CHOSEN if is_button or plan.action else Outcome.ANSWERED
    if plan.action == NO_CLARIFICATION.name:
        return Outcome.NOT_FOUND
    if plan.reply is Kind.FALLBACK:
        return _OF_REASON.get(plan.reason or "", Outcome.NOT_FOUND)
    return _OF_KIND[plan.reply]
