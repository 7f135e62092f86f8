"""What people leave behind on purpose: questions, subscriptions, a thumb up or down.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.models import Feedback, Question, QuestionState, Subscription

ALL_NEWS = "clarification"
"""The topic of all news, for those who choose no narrower one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept question. nearest: the id of the answer that came nearest, if any did."""

    id: int
    text: str
    nearest: str | None


def keep_question(
    connection: Connection,
    message: Message,
    message_id: int,
    *,
    language: Language,
    nearest: str | None,
    state: QuestionState,
    now: datetime.datetime,
) -> None:
    """Keep the text of a message for the editors; of whom is known for a day only."""
    connection.execute(
        insert(Question).values(
            message_id=message_id,
            state=state,
            channel=message.channel,
            language=language,
            text=message.text,
            nearest=nearest,
            conversation=message.conversation,
            asked_at=now,
        )
    )


def unsure_question(connection: Connection, conversation: str) -> Kept | None:
    """The question for which choices were offered in the turn before."""
    return _last(connection, conversation, QuestionState.UNSURE)


def open_question(connection: Connection, conversation: str) -> Kept | None:
    """The last question of a conversation that nothing answered and that is not left yet."""
    return _last(connection, conversation, QuestionState.OPEN)


def _last(connection: Connection, conversation: str, state: QuestionState) -> Kept | None:
    query = (
        select(Question.id, Question.text, Question.nearest)
        .where(Question.conversation == conversation, Question.state == state)
        .order_by(Question.id.desc())
        .limit(1)
    )
    row = (connection.execute(query)).one_or_none()
    return Kept(*row) if row else None


def settle_question(connection: Connection, kept: Kept, *, is_answered: bool) -> None:
    """Say of an unsure question whether one of the choices answered it."""
    mine = Question.id == kept.id
    if is_answered:
        connection.execute(delete(Question).where(mine))
    else:
        connection.execute(update(Question).where(mine).values(state=QuestionState.OPEN))


def leave_question(connection: Connection, kept: Kept, message: Message, language: Language) -> None:
    """Leave a question for the staff, with where to send the reply."""
    left = update(Question).where(Question.id == kept.id)
    connection.execute(left.values(state=QuestionState.LEFT, address=message.address, language=language))


def subscribe(
    connection: Connection, message: Message, language: Language, topic: str, now: datetime.datetime
) -> tuple[str, ...]:
    """Write somebody down for news, in this language from now on.

    Args:
        topic: one more beside those chosen before; ALL_NEWS in place of them.

    Returns:
        What they get news of now.
    """
    mine = Subscription.conversation == message.conversation
    before = connection.scalar(select(Subscription.topics).where(mine))
    topics = [topic] if topic == ALL_NEWS else sorted({*(before or ()), topic} - {ALL_NEWS})
    values = {
        "channel": message.channel,
        "address": message.address,
        "language": language,
        "topics": topics,
    }
    if before is None:
        connection.execute(
            insert(Subscription).values(conversation=message.conversation, since=now, **values)
        )
    else:
        connection.execute(update(Subscription).where(mine).values(values))
    return tuple(topics)


def unsubscribe(connection: Connection, conversation: str) -> bool:
    """Strike somebody off the list, with the news that is on its way; whether they were on it."""
    struck = connection.execute(delete(Subscription).where(Subscription.conversation == conversation))
    return struck.rowcount > 0


def is_subscribed(connection: Connection, conversation: str) -> bool:
    """Whether a conversation gets news."""
    query = select(Subscription.id).where(Subscription.conversation == conversation)
    return connection.scalar(query) is not None


def count_feedback(connection: Connection, answer: str, day: datetime.date, *, is_helpful: bool) -> None:
    """Count a vote for an answer; whose it was is not kept."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(Feedback).values(
        answer=answer, day=day, helpful=int(is_helpful), unhelpful=int(not is_helpful)
    )
    one_more = {
        "helpful": Feedback.helpful + row.excluded.helpful,
        "unhelpful": Feedback.unhelpful + row.excluded.unhelpful,
    }
    connection.execute(row.on_conflict_do_update(index_elements=["answer", "day"], set_=one_more))


# What editors are told; nothing of it says who anybody is.


@dataclass(frozen=True, slots=True)
class Votes:
    """How many found an answer helpful, and how many did not."""

    helpful: int
    unhelpful: int


def votes(connection: Connection, since: datetime.date) -> dict[str, Votes]:
    """The votes of answers since a day, by id."""
    query = (
        select(Feedback.answer, func.sum(Feedback.helpful), func.sum(Feedback.unhelpful))
        .where(Feedback.day >= since)
        .group_by(Feedback.answer)
    )
    return {
        answer: Votes(int(helpful), int(unhelpful))
        for answer, helpful, unhelpful in connection.execute(query)
    }


def near(connection: Connection, answer: str) -> dict[QuestionState, int]:
    """How many kept questions came nearest to an answer, by how far they are."""
    query = select(Question.state, func.count()).where(Question.nearest == answer).group_by(Question.state)
    return {QuestionState(state): number for state, number in connection.execute(query)}


def subscribers(connection: Connection, topics: Collection[str]) -> int:
    """How many get news of one of these topics."""
    rows = connection.execute(select(Subscription.topics))
    return sum(not set(row.topics).isdisjoint(topics) for row in rows)
