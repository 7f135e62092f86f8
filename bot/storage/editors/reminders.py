"""Of which reviews an editor was reminded, so that nobody is twice."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.storage.editors.tables import Reminder

_REMINDER: Any = Reminder.__table__


def of(connection: Connection, editor_id: int) -> set[tuple[str, str]]:
    """The answers and days of review of which an editor was reminded."""
    query = select(_REMINDER.c.answer_id, _REMINDER.c.review_by).where(_REMINDER.c.editor_id == editor_id)
    return {(row.answer_id, row.review_by) for row in connection.execute(query)}


def note(
    connection: Connection, answer_id: str, review_by: str, editor_id: int, now: datetime.datetime
) -> None:
    """An editor was reminded."""
    connection.execute(
        insert(_REMINDER).values(answer_id=answer_id, review_by=review_by, editor_id=editor_id, sent_at=now)
    )
