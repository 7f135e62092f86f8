"""Where Rasa remembers what is in hand: without what people said, and not for long."""

from __future__ import annotations

import copy
import functools
import json
import os
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

import structlog
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.components.events import ConversationsAway, Events, Row

KEPT_SECONDS = 24 * 3600
EVENTS_MOST = 200
"""Events of a conversation that are kept; beyond these the oldest go, but what slots hold stays."""

TURNS_WHOLE = 5
"""Newest turns of which Rasa gets every event: rules are about three at most. Of older ones it gets what was
said and what slots hold, since it replays all events several times at each message."""

STORED = "stored"
"""Attribute of a tracker: how many of its events are in the database, or need not be."""

log = structlog.get_logger()


class PrivateTrackerStore(TrackerStore):
    """A tracker store with one statement to read a conversation and one transaction to write. It keeps no
    text, keeps for a day, and is loud when it fails (Rasa would carry on with a memory of its own): a file
    that fails ends the process, a PostgreSQL that is away the message, which comes again.

    db: the SQLite file (endpoints.yml). RASA_CONVERSATIONS in the environment: another one (for the
    evaluation, whose conversations do not belong among people's), or the URL of a PostgreSQL database that
    several runners share.
    """

    def __init__(
        self, domain: Domain | None = None, event_broker: EventBroker | None = None, *, db: str, **_: Any
    ) -> None:
        super().__init__(domain, event_broker)
        self._events = Events(os.environ.get("RASA_CONVERSATIONS") or db)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store the tracker's new events; end the process if that fails, so that it is noticed, started
        anew, and the message asked again.

        Raises:
            ConversationsAway: PostgreSQL cannot be used just now.
        """
        try:
            new = list(tracker.events)[getattr(tracker, STORED, 0) :]
            if new:
                turn = max(filter(None, map(_turn, new)), default=None)
                rows = [_row(tracker.sender_id, event) for event in map(_without_text, new)]
                if not self._events.append(rows, tracker.sender_id, turn):
                    log.warning("tracker_store.late")
            setattr(tracker, STORED, len(tracker.events))
        except ConversationsAway:
            raise
        except Exception as error:
            _fail(error)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """What Rasa needs of a conversation's session, or None if there is none. Fails as `save` does."""
        try:
            rows = self._kept(sender_id)
            starts = [n for n, row in enumerate(rows) if row["type_name"] == SessionStarted.type_name]
            return self._tracker(sender_id, _needed(rows[starts[-1] :] if starts else rows))
        except ConversationsAway:
            raise
        except Exception as error:
            _fail(error)
            return None

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """A conversation with all events of all its sessions."""
        return self._tracker(conversation_id, self._kept(conversation_id))

    async def keys(self) -> Iterable[str]:
        """The ids of all conversations."""
        return self._events.senders()

    def forget(self, sender_id: str) -> None:
        """Delete all that is remembered of a conversation."""
        self._events.forget(sender_id)

    def purge(self) -> None:
        """Delete what happened a day ago or earlier."""
        self._events.purge(_day_ago())

    def _tracker(self, sender_id: str, rows: list[Row]) -> DialogueStateTracker | None:
        if not rows:
            return None
        tracker = DialogueStateTracker.from_events(sender_id, map(_event, rows), self.domain.slots)
        setattr(tracker, STORED, len(tracker.events))
        return tracker

    def _kept(self, sender_id: str) -> list[Row]:
        """The rows of a conversation, oldest first. What happened a day ago or earlier is deleted; if much
        is left, all but the session's start, the newest events from a turn's beginning on, and the last
        value of each slot."""
        every = self._events.of_sender(sender_id)
        rows = [row for row in every if row["timestamp"] > _day_ago()]
        if len(rows) > EVENTS_MOST:
            cut = next((n for n in _turns(rows) if n >= len(rows) - EVENTS_MOST // 2), len(rows))
            sessions = [row["id"] for row in rows[:cut] if row["type_name"] == SessionStarted.type_name]
            old = {*_last_values(rows[:cut]), *sessions[-1:]}
            rows = [row for n, row in enumerate(rows) if n >= cut or row["id"] in old]
        if len(rows) < len(every):
            dropped = {row["id"] for row in every} - {row["id"] for row in rows}
            self._events.delete(dropped)
        return rows


def _needed(rows: list[Row]) -> list[Row]:
    """The rows of a session without those that nothing depends on any more (see TURNS_WHOLE)."""
    turns = _turns(rows)
    if len(turns) <= TURNS_WHOLE:
        return rows
    cut = turns[-TURNS_WHOLE]
    values = _last_values(rows[:cut])
    passing = {ActionExecuted.type_name, UserUttered.type_name, SlotSet.type_name}
    return [
        row
        for n, row in enumerate(rows)
        if n >= cut or row["type_name"] not in passing or row["id"] in values
    ]


def _turns(rows: list[Row]) -> list[int]:
    """Where turns begin: Rasa begins to listen."""
    return [n for n, row in enumerate(rows) if row["action_name"] == ACTION_LISTEN_NAME]


def _last_values(rows: list[Row]) -> set[int]:
    """The ids of the rows with the last value of each slot."""
    return set(
        {row["action_name"]: row["id"] for row in rows if row["type_name"] == SlotSet.type_name}.values()
    )


def _day_ago() -> float:
    return time.time() - KEPT_SECONDS


def _row(sender_id: str, event: Event) -> tuple[Any, ...]:
    """An event as Rasa's own store writes it."""
    data = event.as_dict()
    intent = data.get("parse_data", {}).get("intent", {}).get("name")
    return (sender_id, event.type_name, data.get("timestamp"), intent, data.get("name"), json.dumps(data))


_type_of = functools.cache(Event.resolve_by_type)  # which asks all of Rasa's classes for their names


def _event(row: Row) -> Event:
    """The event that a row stands for."""
    return _type_of(row["type_name"])._from_parameters(json.loads(row["data"]))


def _turn(event: Event) -> float | None:
    """The turn of a message, as the bot told it: when it came, in seconds."""
    turn = event.metadata.get("turn") if isinstance(event, UserUttered) else None
    return float(turn) if isinstance(turn, (int, float)) else None


def _without_text(event: Event) -> Event:
    """The event without a person's words: intent and entities are all that is asked of it later."""
    if not isinstance(event, UserUttered):
        return event
    bare = copy.copy(event)
    bare.text = ""
    bare.metadata = {}
    bare.parse_data = {"intent": event.intent, "entities": event.entities, "text": "", "metadata": {}}
    return bare


def _fail(error: Exception) -> None:
    # Of what went wrong elsewhere than in SQLite the text may have people's words in it.
    detail = str(error) if isinstance(error, sqlite3.Error) else ""
    log.critical("tracker_store.failed", error=type(error).__name__, detail=detail[:200])
    os._exit(70)
