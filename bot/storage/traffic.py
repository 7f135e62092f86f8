"""How much is asked, when, where and with what outcome: numbers of days, never of a person.

Each message adds one to a few sums of its day: its hour, channel, language, outcome and, if it got one,
answer. No row tells two of these at once, so none is about somebody, and a month stays a few thousand rows
however many people write.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.clock import VIETNAM, local_day
from bot.domain.language import Language
from bot.storage.database import Database
from bot.storage.feedback import Votes
from bot.storage.models import Feedback, Traffic

_TRAFFIC: Any = Traffic.__table__


class Dimension(StrEnum):
    """What the messages of a day are divided by."""

    HOUR = "hour"
    CHANNEL = "channel"
    LANGUAGE = "language"
    OUTCOME = "outcome"
    ANSWER = "answer"
    REPLY_WAIT = "reply_wait"
    """Of the staff's replies: how long after the question."""

    ANSWER_WAIT = "answer_wait"
    """Of questions that had found nothing: how long until an answer took them up."""


class Outcome(StrEnum):
    """What became of a message, by what was said to it: the first answer, else the first card."""

    ANSWERED = "answered"
    """Asked in words, an answer came at once."""

    CHOSEN = "chosen"
    """An answer that a button, or a choice, asked for."""

    OFFERED = "offered"
    """Several answers were offered to choose from."""

    NOT_FOUND = "not_found"
    WARD = "ward"
    """Which ward is meant, or which one it is today."""

    ACTION = "action"
    """Help, subscribing, votes, forgetting and the like."""

    SMALL_TALK = "small_talk"
    UNREADABLE = "unreadable"
    """A picture, a voice message, nothing."""

    HELD_BACK = "held_back"
    """Nothing could be said: the channel is paused, something is broken, or the person is gone."""


WAITS = ("1h", "4h", "1d", "3d", "7d", "30d", "longer")
"""How long something took: at most so long."""

_WAITS_HOURS = (1, 4, 24, 72, 168, 720)

Sums = dict[tuple[datetime.date, Dimension, str], int]


@dataclass(frozen=True, slots=True)
class MonthTraffic:
    """The sums of a month, as they were counted: by dimension and by day. Not to be shown as they are."""

    first: datetime.date
    sums: Mapping[Dimension, Mapping[str, int]] = field(default_factory=dict)
    days: Mapping[datetime.date, int] = field(default_factory=dict)
    votes: Mapping[str, Votes] = field(default_factory=dict)


class Tally:
    """Counts in memory, and adds what it counted to the database now and then.

    So nobody's reply waits for it. What a process counted in its last seconds is lost if it is killed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[tuple[datetime.date, Dimension, str]] = Counter()

    def add(
        self,
        at: datetime.datetime,
        *,
        channel: str,
        language: Language,
        outcome: Outcome,
        answer: str | None = None,
    ) -> None:
        """Count a message that came at a moment."""
        day = local_day(at)
        self._counted[day, Dimension.HOUR, f"{at.astimezone(VIETNAM).hour:02}"] += 1
        self._counted[day, Dimension.CHANNEL, channel] += 1
        self._counted[day, Dimension.LANGUAGE, language.value] += 1
        self._counted[day, Dimension.OUTCOME, outcome.value] += 1
        if answer:
            self._counted[day, Dimension.ANSWER, answer] += 1

    async def save(self) -> None:
        """Add what was counted since. What cannot be written is kept for the next time. Raises
        DatabaseAway."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            await self._database.transact(lambda connection: add(connection, counted))
        except BaseException:
            self._counted.update(counted)
            raise


def add(connection: Connection, counted: Mapping[tuple[datetime.date, Dimension, str], int]) -> None:
    """Add numbers to the sums; in one order, so that two processes never wait for each other."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [
        {"day": day, "dimension": dimension.value, "value": value, "number": number}
        for (day, dimension, value), number in sorted(counted.items())
    ]
    if not rows:
        return
    insert = dialect.insert(Traffic)
    more = {"number": Traffic.number + insert.excluded.number}
    key = ["day", "dimension", "value"]
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=more), rows)


def count_wait(
    connection: Connection, what: Dimension, since: datetime.datetime, now: datetime.datetime
) -> None:
    """Count how long something took: a reply (REPLY_WAIT), or an answer to what had none (ANSWER_WAIT)."""
    hours = (now - since).total_seconds() / 3600
    longest = next(
        (name for name, most in zip(WAITS, _WAITS_HOURS, strict=False) if hours <= most), WAITS[-1]
    )
    add(connection, {(local_day(now), what, longest): 1})


def months(connection: Connection) -> list[datetime.date]:
    """The months of which something was counted, by their first days, the newest first."""
    days: Iterable[datetime.date] = connection.scalars(select(_TRAFFIC.c.day).distinct())
    return sorted({day.replace(day=1) for day in days}, reverse=True)


def month(connection: Connection, first: datetime.date) -> MonthTraffic:
    """The sums of the month that begins on this day."""
    after = next_month(first)
    within = (_TRAFFIC.c.day >= first) & (_TRAFFIC.c.day < after)
    number = func.sum(_TRAFFIC.c.number)
    sums: dict[Dimension, dict[str, int]] = {}
    for dimension, value, summed in connection.execute(
        select(_TRAFFIC.c.dimension, _TRAFFIC.c.value, number)
        .where(within)
        .group_by(_TRAFFIC.c.dimension, _TRAFFIC.c.value)
    ):
        sums.setdefault(Dimension(dimension), {})[value] = int(summed)
    by_day = (
        select(_TRAFFIC.c.day, number)
        .where(within, _TRAFFIC.c.dimension == Dimension.CHANNEL)
        .group_by(_TRAFFIC.c.day)
    )
    votes = (
        select(Feedback.answer, func.sum(Feedback.helpful), func.sum(Feedback.unhelpful))
        .where(Feedback.day >= first, Feedback.day < after)
        .group_by(Feedback.answer)
    )
    return MonthTraffic(
        first,
        sums,
        {day: int(summed) for day, summed in connection.execute(by_day)},
        {answer: Votes(int(yes), int(no)) for answer, yes, no in connection.execute(votes)},
    )


def next_month(first: datetime.date) -> datetime.date:
    """The first day of the month after the one that begins on this day."""
    return (first + datetime.timedelta(days=31)).replace(day=1)
