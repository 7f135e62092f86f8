"""Remarks on the fields of a draft."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.storage.editors.tables import Comment

_COMMENT: Any = Comment.__table__


@dataclass(frozen=True, slots=True)
class StoredComment:
    """A remark; field: the path it is about, empty for the whole."""

    id: int
    field: str
    text: str
    editor_id: int
    at: datetime.datetime
    resolved_at: datetime.datetime | None


def add(
    connection: Connection, answer_id: str, field: str, text: str, editor_id: int, now: datetime.datetime
) -> int:
    """Write a remark; its id."""
    made = connection.execute(
        insert(_COMMENT)
        .values(answer_id=answer_id, field=field, text=text, editor_id=editor_id, at=now)
        .returning(_COMMENT.c.id)
    )
    return int(made.scalar_one())


def of(connection: Connection, answer_id: str) -> list[StoredComment]:
    """The remarks on an answer that are still to be dealt with, in the order in which they were written."""
    query = (
        select(_COMMENT)
        .where(_COMMENT.c.answer_id == answer_id, _COMMENT.c.resolved_at.is_(None))
        .order_by(_COMMENT.c.id)
    )
    return [
        StoredComment(row.id, row.field, row.text, row.editor_id, row.at, row.resolved_at)
        for row in connection.execute(query)
    ]


def resolve(
    connection: Connection, answer_id: str, now: datetime.datetime, comment_id: int | None = None
) -> int:
    """A remark is dealt with, or all of an answer's are; how many that were."""
    where = [_COMMENT.c.answer_id == answer_id, _COMMENT.c.resolved_at.is_(None)]
    if comment_id is not None:
        where.append(_COMMENT.c.id == comment_id)
    return connection.execute(update(_COMMENT).where(*where).values(resolved_at=now)).rowcount
