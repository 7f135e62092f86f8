"""The events of conversations in a database: a file of SQLite's, or a PostgreSQL that several runners share.

A conversation's messages come one after the other, each with its turn. One that comes late, after a later
one or a second time, is answered and leaves no trace: its bot had been silent for so long that another took
the conversation over.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg2
import psycopg2.extras
import structlog

Row = Mapping[str, Any]
R = TypeVar("R")

log = structlog.get_logger()

LATE_SECONDS = 600.0
"""How far behind the last turn one may be and still be late. Farther behind, it is a clock that was wrong."""

WAIT_SECONDS = 4.0
"""For how long a PostgreSQL that is gone is tried again before a message is given back."""

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    id {serial},
    sender_id VARCHAR(255) NOT NULL,
    type_name VARCHAR(255) NOT NULL,
    timestamp {double},
    intent_name VARCHAR(255),
    action_name VARCHAR(255),
    data TEXT
);
CREATE INDEX IF NOT EXISTS ix_events_sender_id ON events (sender_id);
CREATE TABLE IF NOT EXISTS turns (sender_id VARCHAR(255) PRIMARY KEY, turn {double} NOT NULL);
CREATE INDEX IF NOT EXISTS ix_turns_turn ON turns (turn);
"""
"""The first is that of Rasa's own SQL store, whose files can be read on."""

_TAKE_TURN = """
INSERT INTO turns (sender_id, turn) VALUES (?, ?) ON CONFLICT (sender_id) DO UPDATE SET turn = excluded.turn
WHERE excluded.turn > turns.turn OR excluded.turn < turns.turn - ?
"""
_APPEND = """
INSERT INTO events (sender_id, type_name, timestamp, intent_name, action_name, data) VALUES (?, ?, ?, ?, ?, ?)
"""
_OF_SENDER = "SELECT id, type_name, timestamp, action_name, data FROM events WHERE sender_id = ? ORDER BY id"
_SENDERS = "SELECT DISTINCT sender_id FROM events"
_FORGET = ("DELETE FROM events WHERE sender_id = ?", "DELETE FROM turns WHERE sender_id = ?")
_PURGE = ("DELETE FROM events WHERE timestamp <= ?", "DELETE FROM turns WHERE turn <= ?")


class ConversationsAway(Exception):
    """The PostgreSQL that keeps the conversations cannot be used just now; the same may work in a moment."""


class Cursor(Protocol):
    """What both databases' cursors do."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Any:
        """Do this."""

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]], /) -> Any:
        """Do this for each."""

    def fetchall(self) -> list[Any]:
        """The rows that were found."""


class Database(Protocol):
    """One of the two databases."""

    def transact(self, work: Callable[[Cursor], R]) -> R:
        """Do something in one transaction; perhaps again, if it came to nothing."""

    def wipe(self) -> None:
        """Leave nothing readable of what was deleted."""


class Events:
    """The events that are kept."""

    def __init__(self, db: str) -> None:
        """`db`: an SQLite file, or the URL of a PostgreSQL database."""
        is_url = db.startswith(("postgresql://", "postgres://"))
        self._database: Database = PostgresqlDatabase(db) if is_url else SqliteDatabase(Path(db))

    def append(self, rows: Sequence[Sequence[Any]], sender: str, turn: float | None) -> bool:
        """Write down what is new in a conversation; not if its turn is past, which gives False.

        turn: when the message came, in seconds; None: it is not known.
        """

        def work(cursor: Cursor) -> bool:
            if turn is not None:
                cursor.execute(_TAKE_TURN, (sender, turn, LATE_SECONDS))
                if cursor.rowcount == 0:
                    return False
            cursor.executemany(_APPEND, rows)
            return True

        return self._database.transact(work)

    def of_sender(self, sender: str) -> list[Row]:
        """The rows of a conversation, oldest first."""
        return self._fetch(_OF_SENDER, (sender,))

    def senders(self) -> list[str]:
        """The ids of all conversations."""
        return [row["sender_id"] for row in self._fetch(_SENDERS)]

    def delete(self, ids: Iterable[int]) -> None:
        """Delete rows."""
        rows = [(n,) for n in ids]
        self._database.transact(lambda cursor: cursor.executemany("DELETE FROM events WHERE id = ?", rows))

    def forget(self, sender: str) -> None:
        """Delete all that is remembered of a conversation."""
        self._delete_by(_FORGET, sender)

    def purge(self, until: float) -> None:
        """Delete what happened by then."""
        self._delete_by(_PURGE, until)

    def _delete_by(self, statements: Iterable[str], value: object) -> None:
        def work(cursor: Cursor) -> None:
            for statement in statements:
                cursor.execute(statement, (value,))

        self._database.transact(work)
        self._database.wipe()

    def _fetch(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        def work(cursor: Cursor) -> list[Row]:
            cursor.execute(statement, values)
            return cursor.fetchall()

        return self._database.transact(work)


class SqliteDatabase:
    """A file that only its owner can read, on one connection."""

    def __init__(self, file: Path) -> None:
        _keep_to_owner(file)
        self._connection = sqlite3.connect(file, timeout=10)
        self._connection.row_factory = sqlite3.Row
        # A power cut may take the last turns of a context along; each turn waits for no disk.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES.format(serial="INTEGER PRIMARY KEY", double="FLOAT"))

    def transact(self, work: Callable[[Cursor], R]) -> R:
        """As `Database.transact`."""
        with self._connection:
            return work(self._connection.cursor())

    def wipe(self) -> None:
        """Empty SQLite's log, in which what was deleted can be read until the next checkpoint."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class PostgresqlDatabase:
    """A database of PostgreSQL, on one connection: made when it is needed, and anew when it is lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._is_away = False

    def transact(self, work: Callable[[Cursor], R]) -> R:
        """As `Database.transact`. A server that is restarted is waited for, but by one message alone.

        Raises:
            ConversationsAway: it is not there, or did not do it in time.
        """
        deadline = time.monotonic() + (0 if self._is_away else WAIT_SECONDS)
        while True:
            try:
                done = self._once(work)
            except psycopg2.Error as error:
                if not _is_lost(error):
                    raise
                self._let_go()
                if time.monotonic() > deadline:
                    if not self._is_away:
                        log.error("conversations_away", error=type(error).__name__, detail=_first_line(error))
                    self._is_away = True
                    raise ConversationsAway from error
                time.sleep(0.05)
            else:
                self._is_away = False
                return done

    def _once(self, work: Callable[[Cursor], R]) -> R:
        if self._connection is None:
            self._connection = self._connected()
            self._once(_make_tables)
        with self._connection, self._connection.cursor() as cursor:
            return work(_Translated(cursor))

    def _let_go(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None

    def _connected(self) -> Any:
        return psycopg2.connect(
            self._url,
            application_name="hoi-can-tho-rasa",
            connect_timeout=3,
            options=f"-c statement_timeout={int(1000 * WAIT_SECONDS)} -c lock_timeout=3000",
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            # Where a server was that now has another address, nobody says that what is sent arrives nowhere.
            tcp_user_timeout=int(1000 * WAIT_SECONDS),
            cursor_factory=psycopg2.extras.DictCursor,
        )

    def wipe(self) -> None:
        """PostgreSQL's own vacuum does that."""


def _make_tables(cursor: Cursor) -> None:
    # Several runners may begin together. Where the tables are there nothing is made: CREATE INDEX locks its
    # table all the same, and each model that is loaded would hold up whoever answers.
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('hoi-can-tho events'))")
    cursor.execute("SELECT to_regclass('ix_turns_turn')")
    if cursor.fetchall() == [[None]]:
        cursor.execute(_TABLES.format(serial="BIGSERIAL PRIMARY KEY", double="DOUBLE PRECISION"))


def _first_line(error: psycopg2.Error) -> str:
    """What a server or the way to it says of itself: it has no person's words in it, nor a password."""
    return str(error).strip().partition("\n")[0][:200]


def _is_lost(error: psycopg2.Error) -> bool:
    """Whether it is of the connection or of what goes on beside: the same may well work on another one.

    What a server that dies in the middle of its answer leaves behind has no class of its own.
    """
    passing = (psycopg2.OperationalError, psycopg2.InterfaceError)
    return isinstance(error, passing) or type(error) is psycopg2.DatabaseError


class _Translated:
    """A cursor of psycopg2 that takes statements as SQLite has them."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.fetchall = cursor.fetchall

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return int(self._cursor.rowcount)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Do this."""
        self._cursor.execute(statement.replace("?", "%s"), values or None)

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Do this for each, in few round trips."""
        psycopg2.extras.execute_batch(self._cursor, statement.replace("?", "%s"), rows)


def _keep_to_owner(file: Path) -> None:
    """Have a database that only its owner can read, whatever the umask and whoever made it: it tells what
    people ask about. SQLite gives its log the same rights. No file is opened that is there: closing it would
    let go of SQLite's locks."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    for part in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(FileNotFoundError):
            part.chmod(0o600)
