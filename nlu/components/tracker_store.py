"""Where Rasa remembers what is in hand: SQL, without what people said, and not for long."""

from __future__ import annotations

import copy
import json
import os
import time
from typing import Any

import sqlalchemy as sa
import structlog
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

KEPT_SECONDS = 24 * 3600
EVENTS_MOST = 200
"""Rasa replays all events at each message; beyond these the oldest go, but what slots hold stays."""

STORED = "stored"
"""Attribute of a tracker: how many of its events are in the database. Rasa counts them there each time."""

log = structlog.get_logger()


class PrivateTrackerStore(SQLTrackerStore):
    """Rasa's SQL tracker store with five differences: SQLite in WAL mode, no message text, bounded
    history, one statement to read a conversation and one to write, and loud when it fails (Rasa would
    carry on with a memory of its own).

    RASA_CONVERSATIONS in the environment: another SQLite file than endpoints.yml has, for the evaluation,
    whose conversations do not belong among people's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if file := os.environ.get("RASA_CONVERSATIONS"):
            kwargs |= {"dialect": "sqlite", "db": file}
        super().__init__(*args, **kwargs)
        self._table = self.SQLEvent.__table__
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _set_up_sqlite)
            self.engine.dispose()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the tracker's new events; end the process if that fails, so that it is noticed, started
        anew, and the message asked again."""
        try:
            new = list(tracker.events)[getattr(tracker, STORED, 0) :]
            if new:
                with self.engine.begin() as connection:
                    rows = [_row(tracker.sender_id, event) for event in map(_without_text, new)]
                    connection.execute(self._table.insert(), rows)
            setattr(tracker, STORED, len(tracker.events))
        except Exception as error:
            _fail(error)

    async def _retrieve(
        self, sender_id: str, fetch_events_from_all_sessions: bool
    ) -> DialogueStateTracker | None:
        try:
            rows = self._kept(sender_id)
            starts = [n for n, row in enumerate(rows) if row.type_name == SessionStarted.type_name]
            if starts and not fetch_events_from_all_sessions:
                rows = rows[starts[-1] :]
            if not rows:
                return None
            events = [json.loads(row.data) for row in rows]
            tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
            setattr(tracker, STORED, len(tracker.events))
        except Exception as error:
            _fail(error)
            return None
        return tracker

    def forget(self, sender_id: str) -> None:
        """Delete all that is remembered of a conversation."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.sender_id == sender_id))
        self._truncate_log()

    def purge(self) -> None:
        """Delete what happened a day ago or earlier."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.timestamp <= _day_ago()))
        self._truncate_log()

    def _truncate_log(self) -> None:
        """Empty SQLite's log, in which what was deleted can be read until the next checkpoint."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def _kept(self, sender_id: str) -> list[Any]:
        """The rows of a conversation, oldest first. What happened a day ago or earlier is deleted; if much
        is left, all but the session's start, the newest events from a turn's beginning on, and the last
        value of each slot."""
        events = self._table.c
        query = sa.select(self._table).where(events.sender_id == sender_id).order_by(events.id)
        with self.engine.begin() as connection:
            every = connection.execute(query).all()
            rows = [row for row in every if row.timestamp > _day_ago()]
            if len(rows) > EVENTS_MOST:
                starts = [n for n, row in enumerate(rows) if row.action_name == "action_listen"]
                cut = next((n for n in starts if n >= len(rows) - EVENTS_MOST // 2), len(rows))
                slots = {row.action_name: row.id for row in rows[:cut] if row.type_name == "slot"}
                sessions = [row.id for row in rows[:cut] if row.type_name == SessionStarted.type_name]
                old = {*slots.values(), *sessions[-1:]}
                rows = [row for n, row in enumerate(rows) if n >= cut or row.id in old]
            if len(rows) < len(every):
                dropped = {row.id for row in every} - {row.id for row in rows}
                connection.execute(sa.delete(self._table).where(events.id.in_(dropped)))
        return rows


def _day_ago() -> float:
    return time.time() - KEPT_SECONDS


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    """An event as Rasa's own store writes it."""
    data = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }


def _without_text(event: Event) -> Event:
    """The event without a person's words: intent and entities are all that is asked of it later."""
    if not isinstance(event, UserUttered):
        return event
    bare = copy.copy(event)
    bare.text = ""
    bare.metadata = {}
    bare.parse_data = {"intent": event.intent, "entities": event.entities, "text": "", "metadata": {}}
    return bare


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # A power cut may take the last turns of a context along; each turn waits for no disk.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _fail(error: Exception) -> None:
    log.critical("tracker_store.failed", error=type(error).__name__, detail=str(error.__cause__ or "")[:200])
    os._exit(70)
