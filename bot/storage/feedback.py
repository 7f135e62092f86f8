"""Votes for and against answers.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.models import Feedback


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
