"""Who is told when an answer changes that they were given, for half a year.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.models import Delivery, DeliveryStatus, Watch

WATCH = datetime.timedelta(days=180)
"""How long somebody is told of changes of an answer."""


def watch(
    connection: Connection, message: Message, language: Language, answer: str, now: datetime.datetime
) -> None:
    """Write down that somebody wants to hear of changes of an answer; again, and it lasts anew."""
    mine = (Watch.conversation == message.conversation, Watch.answer == answer)
    values = {
        "channel": message.channel, "address": message.address, "language": language, "until": now + WATCH
    }  # fmt: skip
    if connection.execute(update(Watch).where(*mine).values(values)).rowcount == 0:
        whose = {"conversation": message.conversation, "answer": answer}
        connection.execute(insert(Watch).values(**whose, **values))


def unwatch(connection: Connection, conversation: str, answer: str | None = None) -> bool:
    """Tell a conversation no more of an answer, or of any; what is on its way goes, too. Whether it was."""
    watches = [Watch.conversation == conversation, *([Watch.answer == answer] if answer else [])]
    corrections = [
        Delivery.conversation == conversation,
        Delivery.change.is_not(None),
        *([Delivery.announcement == answer] if answer else []),
    ]
    connection.execute(delete(Delivery).where(*corrections))
    return connection.execute(delete(Watch).where(*watches)).rowcount > 0


def is_watching(connection: Connection, conversation: str) -> bool:
    """Whether a conversation is told of changes of any answer."""
    return connection.scalar(select(Watch.id).where(Watch.conversation == conversation).limit(1)) is not None


def watchers(connection: Connection, answer: str, now: datetime.datetime) -> int:
    """How many are told of changes of an answer."""
    query = select(func.count()).where(Watch.answer == answer, Watch.until > now)
    return int(connection.scalar(query) or 0)


def untold(
    answer: str, change: str, seen_since: datetime.datetime | None, now: datetime.datetime
) -> tuple[ColumnElement[bool], ...]:
    """The condition for who is to be told of a version of an answer.

    seen_since: since when it has been live, where that is known: who asked later has seen it.
    """
    conditions = [Watch.answer == answer, Watch.until > now, or_(Watch.told.is_(None), Watch.told != change)]
    if seen_since is not None:
        conditions.append(Watch.until <= seen_since + WATCH)
    return tuple(conditions)


def queue_corrections(
    connection: Connection,
    answer: str,
    change: str,
    seen_since: datetime.datetime | None,
    now: datetime.datetime,
) -> int:
    """Queue a correction for all who are to be told of a version of an answer; for how many.

    Each is told of a version once. Arguments are those of `untold`.
    """
    rows = connection.execute(
        select(Watch.__table__).where(*untold(answer, change, seen_since, now)).order_by(Watch.id)
    ).all()
    for row in rows:
        connection.execute(
            insert(Delivery).values(
                status=DeliveryStatus.QUEUED, channel=row.channel, language=row.language,
                address=row.address, conversation=row.conversation, announcement=answer, change=change,
                not_before=now, queued_at=now,
            )
        )  # fmt: skip
    if rows:  # by the condition, not by so many ids; whoever asked meanwhile is not among them
        these = update(Watch).where(*untold(answer, change, seen_since, now), Watch.id <= rows[-1].id)
        connection.execute(these.values(told=change))
    return len(rows)
