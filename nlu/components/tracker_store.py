"""Where Rasa remembers what is in hand: SQL, without what people said, and not for long."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import structlog
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

KEPT_SECONDS = 24 * 3600
TURN_MOST = 60
"""Seconds within which a turn is answered."""

EVENTS_MOST = 200
"""Rasa replays all events at each message; beyond these the oldest go, but what slots hold stays."""

log = structlog.get_logger()


class PrivateTrackerStore(SQLTrackerStore):
    """Rasa's SQL tracker store with four differences: SQLite in WAL mode, no message text, bounded
    history, and loud when it fails (Rasa would carry on with a memory of its own).

    RASA_CONVERSATIONS in the environment: another SQLite file than endpoints.yml has, for the evaluation,
    whose conversations do not belong among people's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if file := os.environ.get("RASA_CONVERSATIONS"):
            kwargs |= {"dialect": "sqlite", "db": file}
        super().__init__(*args, **kwargs)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _set_up_sqlite)
            self.engine.dispose()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the tracker's new events; end the process if that fails, so that it is noticed, started
        anew, and the message asked again."""
        try:
            await super().save(tracker)
        except Exception as error:
            _fail(error)

    async def _retrieve(
        self, sender_id: str, fetch_events_from_all_sessions: bool
    ) -> DialogueStateTracker | None:
        try:
            self._trim(sender_id)
            return await super()._retrieve(sender_id, fetch_events_from_all_sessions)
        except Exception as error:
            _fail(error)
            return None

    def forget(self, sender_id: str) -> None:
        """Delete all that is remembered of a conversation."""
        with self.session_scope() as session:
            session.query(self.SQLEvent).filter(self.SQLEvent.sender_id == sender_id).delete()
            session.commit()
        self._truncate_log()

    def _additional_events(self, session: Any, tracker: DialogueStateTracker) -> Iterator[Event]:
        return (_without_text(event) for event in super()._additional_events(session, tracker))

    def purge(self) -> None:
        """Delete what happened a day ago or earlier."""
        # A little later: a turn that is being answered counts the events it began with.
        until = time.time() - KEPT_SECONDS - TURN_MOST
        with self.session_scope() as session:
            session.execute(sa.delete(self.SQLEvent.__table__).where(self.SQLEvent.timestamp <= until))
            session.commit()
        self._truncate_log()

    def _truncate_log(self) -> None:
        """Empty SQLite's log, in which what was deleted can be read until the next checkpoint."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))

    def _trim(self, sender_id: str) -> None:
        """Delete of a conversation what happened a day ago or earlier. If much is left, keep the session's
        start, the newest events from a turn's beginning on, and the last value of each slot."""
        events = self.SQLEvent
        with self.session_scope() as session:
            all_rows = (
                session.query(events.id, events.type_name, events.action_name, events.timestamp)
                .filter(events.sender_id == sender_id)
                .order_by(events.id)
                .all()
            )
            until = time.time() - KEPT_SECONDS
            rows = [row for row in all_rows if row.timestamp > until]
            kept = {row.id for row in rows}
            if len(rows) > EVENTS_MOST:
                starts = [n for n, row in enumerate(rows) if row.action_name == "action_listen"]
                cut = next((n for n in starts if n >= len(rows) - EVENTS_MOST // 2), len(rows))
                slots = {row.action_name: row.id for row in rows[:cut] if row.type_name == "slot"}
                session_start = [row.id for row in rows[:cut] if row.type_name == "session_started"][-1:]
                kept = {*slots.values(), *session_start, *(row.id for row in rows[cut:])}
            if len(kept) < len(all_rows):
                dropped = [row.id for row in all_rows if row.id not in kept]
                session.execute(sa.delete(events.__table__).where(events.id.in_(dropped)))
                session.commit()


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
