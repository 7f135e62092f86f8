"""Questions kept for the editors, from the message that found no answer until they are left for the staff.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.models import KeptQuestion, QuestionState


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A question of which the next message may tell what becomes of it.

    nearest: the id of the answer that came nearest, if any did.
    """

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
        insert(KeptQuestion).values(
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


def unsure_question(connection: Connection, conversation: str) -> PendingQuestion | None:
    """The question for which choices were offered in the turn before."""
    return _last(connection, conversation, QuestionState.UNSURE)


def open_question(connection: Connection, conversation: str) -> PendingQuestion | None:
    """The last question of a conversation that nothing answered and that is not left yet."""
    # An editor may have been quicker than the person, who may leave it all the same.
    return _last(connection, conversation, QuestionState.OPEN, QuestionState.HANDLED)


def _last(connection: Connection, conversation: str, *states: QuestionState) -> PendingQuestion | None:
    query = (
        select(KeptQuestion.id, KeptQuestion.text, KeptQuestion.nearest)
        .where(KeptQuestion.conversation == conversation, KeptQuestion.state.in_(states))
        .order_by(KeptQuestion.id.desc())
        .limit(1)
    )
    row = (connection.execute(query)).one_or_none()
    return PendingQuestion(*row) if row else None


def settle_question(connection: Connection, kept: PendingQuestion, *, is_answered: bool) -> None:
    """Say of an unsure question whether one of the choices answered it."""
    mine = KeptQuestion.id == kept.id
    if is_answered:
        connection.execute(delete(KeptQuestion).where(mine))
    else:
        connection.execute(update(KeptQuestion).where(mine).values(state=QuestionState.OPEN))


def leave_question(
    connection: Connection, kept: PendingQuestion, message: Message, language: Language
) -> None:
    """Leave a question for the staff, with where to send the reply."""
    left = update(KeptQuestion).where(KeptQuestion.id == kept.id)
    connection.execute(left.values(state=QuestionState.LEFT, address=message.address, language=language))


def near(connection: Connection, answer: str) -> dict[QuestionState, int]:
    """How many kept questions came nearest to an answer, by how far they are."""
    query = (
        select(KeptQuestion.state, func.count())
        .where(KeptQuestion.nearest == answer)
        .group_by(KeptQuestion.state)
    )
    return {QuestionState(state): number for state, number in connection.execute(query)}


# What editors do with the questions that they see.


def first_asked(connection: Connection, ids: Collection[int]) -> datetime.datetime | None:
    """When the first of these questions was asked; None if none is kept any more."""
    first: datetime.datetime | None = connection.scalar(
        select(func.min(KeptQuestion.asked_at)).where(KeptQuestion.id.in_(ids))
    )
    return first


def settle(connection: Connection, ids: Collection[int], answer: str | None) -> int:
    """Say of questions that an editor put them into an answer, or that they are not for the city; of those
    to which nobody waits for a reply, how many that were. What somebody left waits on for its reply."""
    if answer is not None:
        left = update(KeptQuestion).where(KeptQuestion.id.in_(ids), KeptQuestion.state == QuestionState.LEFT)
        connection.execute(left.values(answer=answer))
    mine = update(KeptQuestion).where(KeptQuestion.id.in_(ids), KeptQuestion.state == QuestionState.OPEN)
    return connection.execute(mine.values(state=QuestionState.HANDLED, answer=answer)).rowcount


def reopen(connection: Connection, ids: Collection[int]) -> int:
    """Put settled questions back among the others; how many that were."""
    mine = update(KeptQuestion).where(KeptQuestion.id.in_(ids), KeptQuestion.state == QuestionState.HANDLED)
    return connection.execute(mine.values(state=QuestionState.OPEN, answer=None)).rowcount


def assign(connection: Connection, ids: Collection[int], office: str) -> None:
    """Give questions to an office."""
    connection.execute(update(KeptQuestion).where(KeptQuestion.id.in_(ids)).values(office=office))
