"""News and corrections as a whole: whom they reach, how far they are, and stopping them.

Plain functions on a connection: an editor's page does this from a process of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from bot.domain.language import Language
from bot.storage import watches
from bot.storage.models import Delivery, DeliveryStatus, Watch
from bot.storage.outbox import to_be_told


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who would be told, without who that is."""

    channel: str
    language: Language
    topics: tuple[str, ...]


def subscribers_to_tell(connection: Connection, key: str, topics: Collection[str]) -> list[Reader]:
    """Who gets news of one of the topics and did not get this one."""
    return [
        Reader(row.channel, Language(row.language), tuple(row.topics))
        for row in to_be_told(connection, key, topics)
    ]


def watchers_to_tell(
    connection: Connection, answer: str, change: str, seen_since: datetime.datetime | None,
    now: datetime.datetime,
) -> list[Reader]:  # fmt: skip
    """Who is to be told of a version of an answer; the arguments are those of `watches.untold`."""
    query = select(Watch.channel, Watch.language).where(*watches.untold(answer, change, seen_since, now))
    return [Reader(row.channel, Language(row.language), ()) for row in connection.execute(query)]


def watched(connection: Connection, now: datetime.datetime) -> frozenset[str]:
    """The answers of whose changes somebody is told."""
    return frozenset(connection.scalars(select(Watch.answer).where(Watch.until > now).distinct()))


def progress(connection: Connection, key: str, change: str | None) -> dict[tuple[str, DeliveryStatus], int]:
    """How many deliveries there are, by channel and by what became of them.

    change: of a correction, the version; None: news.
    """
    query = (
        select(Delivery.channel, Delivery.status, func.count())
        .where(*_of(key, change))
        .group_by(Delivery.channel, Delivery.status)
    )
    return {
        (channel, DeliveryStatus(status)): number for channel, status, number in connection.execute(query)
    }


def announced(connection: Connection) -> dict[str, datetime.datetime]:
    """The news that was announced, and when last."""
    query = (
        select(Delivery.announcement, func.max(Delivery.queued_at))
        .where(Delivery.announcement.is_not(None), Delivery.change.is_(None))
        .group_by(Delivery.announcement)
    )
    return {key: at for key, at in connection.execute(query) if key}


def stop(connection: Connection, key: str, change: str | None) -> int:
    """Take back what is not sent yet; how many that were. They can be told later.

    What a process has just in hand may still go out.
    """
    unsent = (
        *_of(key, change),
        Delivery.lease.is_(None),
        Delivery.status.in_((DeliveryStatus.QUEUED, DeliveryStatus.WAITING)),
    )
    if change is not None:
        whose = select(Delivery.conversation).where(*unsent)
        again = update(Watch).where(Watch.answer == key, Watch.conversation.in_(whose))
        connection.execute(again.values(told=None))
    return connection.execute(delete(Delivery).where(*unsent)).rowcount


def _of(key: str, change: str | None) -> tuple[ColumnElement[bool], ...]:
    version = Delivery.change.is_(None) if change is None else Delivery.change == change
    return Delivery.announcement == key, version
