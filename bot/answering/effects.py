"""What plans bring about beside words: something is kept, left, subscribed to, counted or forgotten.

It all happens in the transaction that saves the plans, so once for a message, also over a crash.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.cards import actions
from bot.content.library import Library
from bot.domain.answer import ALL_NEWS
from bot.domain.clock import local_day
from bot.domain.message import Message
from bot.domain.payload import CHECK_PICTURE
from bot.domain.plan import Kind, Plan
from bot.storage import feedback, pictures, questions, subscriptions, watches
from bot.storage.models import QuestionState
from bot.storage.queue import Entry
from bot.storage.retention import forget
from bot.text.folding import words

NOTHING_FOUND = frozenset({"no_answer", "again"})
"""The reasons of a plan for a question that has no answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The message in hand, and what its effects need."""

    connection: Connection
    message_id: int
    message: Message
    library: Library
    now: datetime.datetime


Effect = Callable[[Turn, Plan], Plan]


def carry_out(
    connection: Connection,
    entry: Entry,
    plans: tuple[Plan, ...],
    library: Library,
    now: datetime.datetime,
) -> tuple[Plan, ...]:
    """Do what the plans of a message say.

    Returns:
        The plans, with what only the database knows: the question that would be left; that there
        is none, or no subscription.
    """
    turn = Turn(connection, entry.id, entry.message, library, now)
    _keep_question(turn, plans)
    _let_go_of_pictures(turn)
    return tuple([EFFECTS.get((plan.action, plan.step), _nothing)(turn, plan) for plan in plans])


def forgets(plans: tuple[Plan, ...]) -> bool:
    """Whether the person has confirmed that everything about them is to be deleted."""
    return any(plan.action == actions.FORGET.name and plan.step == "do" for plan in plans)


def _keep_question(turn: Turn, plans: tuple[Plan, ...]) -> None:
    """Keep the text of a question without an answer.

    Where choices were offered, or an answer to what was meant for the staff, the next turn tells:
    "none of these" and asking for a person make it a question without an answer, anything else deletes it.
    """
    message, first = turn.message, plans[0]
    unsure = questions.unsure_question(turn.connection, message.conversation)
    nearest = first.id or next(iter(first.ids), None)
    if unsure and first.reply is Kind.CHOICES and nearest == unsure.nearest:
        return  # said again, or in another language
    if unsure:
        is_unanswered = first.action in {actions.NONE_OF_THESE.name, actions.HANDOFF.name}
        questions.settle_question(turn.connection, unsure, is_answered=not is_unanswered)
    state = _state(first)
    # In a group nothing is said where there is no answer, so nothing is kept either.
    # Nor is it of what was asked in a chat of other people, of which nothing is kept.
    # What holds no word (a thumb, a row of dots, a masked number) is no question for anybody.
    if state and words(message.text) and not (message.is_quiet or message.is_once):
        questions.keep_question(
            turn.connection,
            message,
            turn.message_id,
            language=first.language,
            nearest=nearest,
            state=state,
            now=turn.now,
        )


def _let_go_of_pictures(turn: Turn) -> None:
    """Delete pictures that are read, and words of one that are asked about: nothing waits for them."""
    if turn.message.pictures:
        pictures.discard(turn.connection, turn.message.pictures)
    if turn.message.button == CHECK_PICTURE:
        pictures.drop_text(turn.connection, turn.message.conversation)


def _state(plan: Plan) -> QuestionState | None:
    """What the message was a question of, by what is said to it; None if it was answered or is none."""
    if plan.reason == "ask_topic":
        return None  # of what is asked for is still to be said
    if plan.reply is Kind.CHOICES or plan.reason == "for_staff":
        return QuestionState.UNSURE
    return QuestionState.OPEN if finds_nothing(plan) else None


def finds_nothing(plan: Plan) -> bool:
    """Whether a plan says that there is no answer."""
    return plan.reason in NOTHING_FOUND or plan.action == actions.NO_CLARIFICATION.name


def _nothing(turn: Turn, plan: Plan) -> Plan:
    return plan


def _forget(turn: Turn, plan: Plan) -> Plan:
    forget(turn.connection, turn.message.conversation, turn.message_id)
    return plan


def _offer_to_leave(turn: Turn, plan: Plan) -> Plan:
    kept = questions.open_question(turn.connection, turn.message.conversation)
    return _about(plan, kept, turn.library)


def _leave(turn: Turn, plan: Plan) -> Plan:
    kept = questions.open_question(turn.connection, turn.message.conversation)
    if kept:
        questions.leave_question(turn.connection, kept, turn.message, plan.language)
    return _about(plan, kept, turn.library)


def _about(plan: Plan, kept: questions.PendingQuestion | None, library: Library) -> Plan:
    """The plan for handing over, with the question and its likely office; without one it asks for it."""
    if kept is None:
        update = {"step": None, "reason": plan.reason or "nothing_there"}
        return plan.model_copy(update=update)
    nearest = library.published(kept.nearest)
    office = nearest.office if nearest else None
    return plan.model_copy(update={"question": kept.text, "office": office})


def _subscribe(turn: Turn, plan: Plan) -> Plan:
    topic = plan.topic or ALL_NEWS
    topics = subscriptions.subscribe(turn.connection, turn.message, plan.language, topic, turn.now)
    return plan.model_copy(update={"topics": topics})


def _offer_to_unsubscribe(turn: Turn, plan: Plan) -> Plan:
    connection, whose = turn.connection, turn.message.conversation
    if subscriptions.is_subscribed(connection, whose) or watches.is_watching(connection, whose):
        return plan
    return plan.model_copy(update={"step": None})


def _unsubscribe(turn: Turn, plan: Plan) -> Plan:
    was_subscribed = subscriptions.unsubscribe(turn.connection, turn.message.conversation)
    was_watching = watches.unwatch(turn.connection, turn.message.conversation)
    return plan if was_subscribed or was_watching else plan.model_copy(update={"step": None})


def _watch(turn: Turn, plan: Plan) -> Plan:
    if plan.id:
        watches.watch(turn.connection, turn.message, plan.language, plan.id, turn.now)
    return plan


def _unwatch(turn: Turn, plan: Plan) -> Plan:
    if plan.id:
        watches.unwatch(turn.connection, turn.message.conversation, plan.id)
    return plan


def _keep_words(turn: Turn, plan: Plan) -> Plan:
    if plan.read:
        pictures.keep_text(turn.connection, turn.message.conversation, plan.read, turn.now)
    return plan


def _drop_words(turn: Turn, plan: Plan) -> Plan:
    pictures.drop_text(turn.connection, turn.message.conversation)
    return plan


def _count(turn: Turn, plan: Plan) -> Plan:
    if plan.id:
        is_helpful = plan.action == actions.HELPFUL.name
        feedback.count_feedback(turn.connection, plan.id, local_day(turn.now), is_helpful=is_helpful)
    return plan


EFFECTS: dict[tuple[str | None, str | None], Effect] = {
    (actions.FORGET.name, "do"): _forget,
    (actions.HANDOFF.name, "ask"): _offer_to_leave,
    (actions.HANDOFF.name, "do"): _leave,
    (actions.SUBSCRIBE.name, "do"): _subscribe,
    (actions.UNSUBSCRIBE.name, "ask"): _offer_to_unsubscribe,
    (actions.UNSUBSCRIBE.name, "do"): _unsubscribe,
    (actions.WATCH.name, None): _watch,
    (actions.UNWATCH.name, None): _unwatch,
    (actions.PICTURE_READ.name, None): _keep_words,
    (actions.TYPE_PICTURE.name, None): _drop_words,
    (actions.HELPFUL.name, None): _count,
    (actions.UNHELPFUL.name, None): _count,
}
