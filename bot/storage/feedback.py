"""Votes for and against answers.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime

from sqlalchemy import Connection
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
