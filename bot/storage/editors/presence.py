"""Who has an answer's page open. Nothing is locked by it; people are told of each other."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.storage.editors.tables import Presence

SEEN_WITHIN = datetime.timedelta(seconds=30)
"""A page tells every ten seconds that it is open; one that has not for so long is closed."""

_PRESENCE: Any = Presence.__table__


@dataclass(frozen=True, slots=True)
class OpenTab:
    """Somebody who has the page open in a tab; whether something there is not saved."""

    editor_id: int
    tab: str
    seen_at: datetime.datetime
    is_unsaved: bool


def note(
    connection: Connection,
    answer_id: str,
    editor_id: int,
    tab: str,
    now: datetime.datetime,
    *,
    is_unsaved: bool,
) -> None:
    """The page is open in this tab."""
    leave(connection, answer_id, editor_id, tab)
    connection.execute(
        insert(_PRESENCE).values(
            answer_id=answer_id, editor_id=editor_id, tab=tab, seen_at=now, is_unsaved=is_unsaved
        )
    )


def leave(connection: Connection, answer_id: str, editor_id: int, tab: str) -> None:
    """The page was closed in this tab."""
    connection.execute(
        delete(_PRESENCE).where(
            _PRESENCE.c.answer_id == answer_id, _PRESENCE.c.editor_id == editor_id, _PRESENCE.c.tab == tab
        )
    )


def here(connection: Connection, answer_id: str, now: datetime.datetime) -> list[OpenTab]:
    """Everybody who has the page open now, the one who came first first."""
    query = (
        select(_PRESENCE)
        .where(_PRESENCE.c.answer_id == answer_id, _PRESENCE.c.seen_at > now - SEEN_WITHIN)
        .order_by(_PRESENCE.c.editor_id, _PRESENCE.c.tab)
    )
    return [OpenTab(row.editor_id, row.tab, row.seen_at, row.is_unsaved) for row in connection.execute(query)]


def forget_old(connection: Connection, now: datetime.datetime) -> None:
    """Let go of pages that are closed."""
    connection.execute(delete(_PRESENCE).where(_PRESENCE.c.seen_at <= now - SEEN_WITHIN))
