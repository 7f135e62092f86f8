"""What a reply is to its question, and whether that is right."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.plan import Kind
from evaluation.ask import Exchange


class ReplyOutcome(StrEnum):
    """What the first reply to a question was."""

    FIRST = "right answer first"
    SECOND = "right answer second"
    CHOICE = "right one among the choices"
    OTHER_CHOICES = "choices without it"
    OTHER = "another answer"
    TALK = "taken for something else"
    NOTHING = "no answer"


_ANSWERED = frozenset({Kind.ANSWER, Kind.FACET, Kind.WARD})


def given(asked: Exchange) -> tuple[str, ...]:
    """The answers that were given, whole, one side of them, or what a ward became."""
    return tuple(card.id for card in asked.cards if card.kind in _ANSWERED and card.id)


def outcome(asked: Exchange) -> ReplyOutcome:
    """What the reply to a question that has an answer was."""
    right, answers = asked.question.right, given(asked)
    offered = {id_ for card in asked.cards if card.kind is Kind.CHOICES for id_ in card.ids}
    if answers and answers[0] in right:
        return ReplyOutcome.FIRST
    if right & set(answers):
        return ReplyOutcome.SECOND
    if right & offered:
        return ReplyOutcome.CHOICE
    if answers:
        return ReplyOutcome.OTHER
    if offered:
        return ReplyOutcome.OTHER_CHOICES
    kinds = {card.kind for card in asked.cards}
    return ReplyOutcome.TALK if kinds & {Kind.SMALLTALK, Kind.ACTION} else ReplyOutcome.NOTHING


def is_first(asked: Exchange) -> bool:
    """Whether the first answer is right."""
    return outcome(asked) is ReplyOutcome.FIRST


def is_among(asked: Exchange) -> bool:
    """Whether the right answer is given, or offered."""
    return outcome(asked) in {ReplyOutcome.FIRST, ReplyOutcome.SECOND, ReplyOutcome.CHOICE}


def is_not_answered(asked: Exchange) -> bool:
    """Whether there is no answer in the reply; to offer choices is not to answer."""
    return not given(asked)


def is_side_first(asked: Exchange) -> bool:
    """Whether the side that is asked for is shown first, of the right answer."""
    return is_first(asked) and asked.cards[0].facet is asked.question.facet


def is_recognised(asked: Exchange) -> bool:
    """Whether small talk is replied to as what it is."""
    return bool(asked.cards) and asked.cards[0].action == asked.question.action


def is_in_its_language(asked: Exchange) -> bool:
    """Whether the reply is in the question's language."""
    return asked.language == asked.question.lang


def got(asked: Exchange) -> str:
    """What the reply was, in a word or the answer's id."""
    if not asked.cards:
        return "(nothing)"
    card = asked.cards[0]
    if card.kind is Kind.CHOICES:
        return "(choices)"
    return card.id or f"({card.action or card.kind})"
