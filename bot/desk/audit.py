"""Who did what on the editors' pages: kept for two years, for whoever has to answer for it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.storage.editors.tables import AuditEntry
from bot.storage.models import JsonObject

KEPT = datetime.timedelta(days=2 * 365)

_AUDIT: Any = AuditEntry.__table__


def note(
    connection: Connection, editor: str, action: str, subject: str, now: datetime.datetime, **detail: object
) -> None:
    """Write down what an editor did, in the transaction that does it. detail: never a secret."""
    connection.execute(
        insert(_AUDIT).values(at=now, editor=editor, action=action, subject=subject, detail=detail)
    )


def entries(connection: Connection, most: int = 1000) -> list[tuple[datetime.datetime, str, str, str]]:
    """When, who, what and to what, the newest first."""
    query = select(_AUDIT).order_by(_AUDIT.c.id.desc()).limit(most)
    return [(row.at, row.editor, row.action, row.subject) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Deed:
    """What an editor did: when, what and to what, with what is known beside it."""

    at: datetime.datetime
    editor: str
    action: str
    subject: str
    detail: JsonObject


def since(connection: Connection, moment: datetime.datetime) -> list[Deed]:
    """Everything that was done since a moment, the oldest first: for an export."""
    query = select(_AUDIT).where(_AUDIT.c.at >= moment).order_by(_AUDIT.c.id)
    return [
        Deed(row.at, row.editor, row.action, row.subject, row.detail) for row in connection.execute(query)
    ]


def purge(connection: Connection, now: datetime.datetime) -> None:
    """Let go of what has been kept long enough."""
    connection.execute(delete(_AUDIT).where(_AUDIT.c.at < now - KEPT))
