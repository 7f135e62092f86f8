"""SQLite: one file, one thread that works on it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from bot.storage.backend import CONNECT_WITHIN, R, Work
from bot.storage.errors import DatabaseAway

OWNER_ONLY = 0o600

_SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # an accepted message survives a power cut, too
    f"busy_timeout = {1000 * CONNECT_WITHIN}",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, not only forgotten
)


class SqliteBackend:
    """An SQLite file and the one thread that works on it.

    SQLite has one writer anyway, and waiting for that in a queue is fair and quick where its own waiting
    is neither. A whole transaction is one call of that thread. The thread is a daemon: a disk that hangs
    does not keep the process from ending.
    """

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database) if url.database and url.database != ":memory:" else None
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._inode = make_private(self._path)
        # SQLAlchemy puts a statement's values into its errors; ours are people's messages.
        self._engine = create_engine(
            url.set(drivername="sqlite"),
            hide_parameters=True,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
        )
        event.listen(self._engine, "connect", _set_up_sqlite)
        event.listen(self._engine, "begin", _begin_immediate)
        self._calls: queue.SimpleQueue[tuple[concurrent.futures.Future[Any], Callable[[], Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    def submit(self, work: Work[R], within: float) -> asyncio.Future[R]:
        """As `Backend.submit`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sqlite", daemon=True)
            self._thread.start()
        future: concurrent.futures.Future[R] = concurrent.futures.Future()
        self._calls.put((future, lambda: self._transaction(work)))
        return asyncio.wrap_future(future)

    def _run(self) -> None:
        while call := self._calls.get():
            future, transaction = call
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(transaction())
                except BaseException as error:
                    future.set_exception(error)
            del call, future, transaction  # what they hold is not kept until the next call
        self._engine.dispose()

    def _transaction(self, work: Work[R]) -> R:
        self._look()
        with self._engine.begin() as connection:
            return work(connection)

    def _look(self) -> None:
        """A file that was removed or replaced takes what is written with it when the process ends."""
        if self._path is None:
            return
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError as error:
            raise DatabaseAway("its file is gone") from error
        if inode != self._inode:
            raise DatabaseAway("its file was replaced")

    def give_up(self) -> None:
        """There is only one, and what it has begun it has to end."""

    async def close(self) -> None:
        """As `Backend.close`."""
        if self._thread:
            self._calls.put(None)
            await asyncio.to_thread(self._thread.join, CONNECT_WITHIN)


def make_private(path: Path) -> int:
    """Have a file that only its owner can read, whatever the umask and whoever made it; gives its inode.

    SQLite gives its log and index the same rights. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        found = os.fstat(descriptor)
        if found.st_uid == os.geteuid():
            os.fchmod(descriptor, OWNER_ONLY)
        return found.st_ino
    finally:
        os.close(descriptor)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by us: the driver would begin none for a migration's DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def empty_log(path: str) -> bool:
    """Empty the write-ahead log of a file; whether it is empty.

    On a connection of its own, and without waiting: who waits for a reader here keeps all writers out.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            # Somebody opens, recovers or closes it at this very moment: SQLite says so in another way.
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            return False
    return not is_busy
