"""Who did what on the editors' pages: kept for two years, for whoever has to answer for it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from bot.storage.editors.tables import AuditEntry

KEPT = datetime.timedelta(days=2 * 365)
"""How long it is known who did what; docs/data-protection.md says so, too."""

_AUDIT: Any = AuditEntry.__table__


class AuditLine(NamedTuple):
    """When who did what, and to what. detail: what is kept beside it, by name; never a secret."""

    at: datetime.datetime
    editor: str
    action: str
    subject: str
    detail: Mapping[str, object]
    id: int


def note(
    connection: Connection, editor: str, action: str, subject: str, now: datetime.datetime, **detail: object
) -> None:
    """Write down what an editor did, in the transaction that does it. detail: never a secret."""
    connection.execute(
        insert(_AUDIT).values(at=now, editor=editor, action=action, subject=subject, detail=detail)
    )


def entries(connection: Connection, most: int = 1000, *, before: int | None = None) -> list[AuditLine]:
    """What was done, the newest first; `before`: only what is older than the entry of this id."""
    query = select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(_AUDIT.c.id < before)
    return [
        AuditLine(row.at, row.editor, row.action, row.subject, row.detail, row.id)
        for row in connection.execute(query)
    ]


def since(connection: Connection, moment: datetime.datetime) -> list[AuditLine]:
    """Everything that was done since a moment, the oldest first."""
    query = select(_AUDIT).where(_AUDIT.c.at >= moment).order_by(_AUDIT.c.id)
    return [
        AuditLine(row.at, row.editor, row.action, row.subject, row.detail, row.id)
        for row in connection.execute(query)
    ]


def purge(connection: Connection, now: datetime.datetime) -> None:
    """Let go of what has been kept long enough."""
    connection.execute(delete(_AUDIT).where(_AUDIT.c.at < now - KEPT))
