"""The one way to the database: a transaction is a plain function, and has a deadline."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime
import os
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from bot.domain.clock import SteadyClock, utc_now
from bot.log import describe

log = structlog.get_logger(__name__)

R = TypeVar("R")
Work = Callable[[Connection], R]
"""What is done in one transaction. It may be called in another thread, and again after a deadlock."""

MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 0x43616E54686F
"""A number that no other program on the same PostgreSQL database takes for a lock of its own."""

WITHIN = 4.0
"""Seconds that a transaction may take, waiting included; nobody who waits for us waits longer for less."""

CONNECT_WITHIN = 3
"""Seconds for a new connection to PostgreSQL, and for a lock in either database."""

MIGRATE_WITHIN = 120.0
"""Seconds for the migrations, another process's included."""

DEADLOCK = "40P01"
"""How PostgreSQL says that it ended one of two transactions that waited for each other."""

EMPTY_WITHIN = 3.0
"""Seconds to wait for readers before SQLite's log cannot be emptied for now."""

OWNER_ONLY = 0o600

_SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # an accepted message survives a power cut, too
    f"busy_timeout = {1000 * CONNECT_WITHIN}",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, not only forgotten
)


class DatabaseAway(Exception):
    """The database cannot be used just now; the same may work in a moment. Says why, nothing of values."""


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; says why in one sentence, without a password."""


class _Backend(Protocol):
    def submit(self, work: Work[R], within: float) -> asyncio.Future[R]:
        """Begin a transaction; what it gives, or how it fails."""

    def give_up(self) -> None:
        """A transaction was not done in time; those that begin now are not to fare the same."""

    async def close(self) -> None:
        """Let go of it."""


class Database:
    """The database of a DATABASE_URL. SQLite is for one bot process only; nothing is opened yet.

    clock: the stores' common one.
    """

    def __init__(self, url: str) -> None:
        """Raises DatabaseUnusable: its file or its driver is not there."""
        self.url = make_url(url)
        self.is_sqlite = is_sqlite(self.url)
        self.clock = SteadyClock()
        self._at_work: set[asyncio.Future[Any]] = set()
        try:
            self._backend: _Backend = _SqliteFile(self.url) if self.is_sqlite else _Postgres(self.url)
        except (OSError, ImportError, SQLAlchemyError) as error:
            raise unusable(self.url, error) from error

    async def transact(self, work: Work[R], *, within: float = WITHIN) -> R:
        """Do something in one transaction. It runs to its end even if whoever waits for it is cancelled.

        Args:
            work: what to do; its exceptions undo it and come out here.
            within: the seconds that it may take.

        Raises:
            DatabaseAway: it could not be done, or not in time; then it may still have been.
        """
        doing = self._backend.submit(work, within)
        self._at_work.add(doing)
        doing.add_done_callback(self._is_done)
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(doing)
        except asyncio.CancelledError:  # whoever waited has left; it has its time all the same
            asyncio.get_running_loop().call_later(within, doing.cancel)
            raise
        except Exception as error:
            if is_away(error):
                if not doing.done():
                    self._backend.give_up()
                doing.cancel()
                reason = str(error) if isinstance(error, DatabaseAway) else type(error).__name__
                raise DatabaseAway(reason) from error
            raise

    def _is_done(self, doing: asyncio.Future[Any]) -> None:
        self._at_work.discard(doing)
        if not doing.cancelled():
            doing.exception()  # whoever waited knows, or has left

    async def settle(self) -> None:
        """Wait until what is at work has ended, but no longer than a transaction may take."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=WITHIN)

    async def close(self) -> None:
        """Let go of the database, once what is at work there has ended."""
        await self.settle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._backend.close()

    async def set_clock(self) -> None:
        """Let the clock begin at the database's time, which all processes share."""
        self.clock.set(await self._time())

    async def follow_clock(self) -> None:
        """Let the clock follow the database's."""
        self.clock.follow(await self._time())

    async def _time(self) -> datetime.datetime:
        if self.is_sqlite:
            return utc_now()
        return await self.transact(lambda connection: connection.execute(_NOW).scalar_one())

    async def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log, in which overwritten pages stay readable.

        Returns:
            Whether it is empty: not while somebody else reads the database.
        """
        if not self.is_sqlite:
            return True
        deadline = asyncio.get_running_loop().time() + EMPTY_WITHIN
        while not await asyncio.to_thread(_empty_log, str(self.url.database)):
            if asyncio.get_running_loop().time() > deadline:
                log.warning("database_log_not_empty", reason="somebody reads the database: a backup?")
                return False
            await asyncio.sleep(0.05)  # between two tries
        return True

    def free_bytes(self) -> int | None:
        """The free space where the database is; None if that is another server's."""
        if not self.is_sqlite:
            return None
        return shutil.disk_usage(Path(str(self.url.database)).parent).free


_NOW = select(func.clock_timestamp())


def is_sqlite(url: str | URL) -> bool:
    """Whether the address is of an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


async def opened(url: str) -> Database:
    """The database as it is, for whoever is not the service: its tables are not changed, and none is made.

    One that is not there yet is an empty one.

    Raises:
        DatabaseUnusable: why it cannot be used; its tables are another version's, for example.
    """
    file = make_url(url).database
    if is_sqlite(url) and file and not await asyncio.to_thread(Path(file).exists):
        database = Database("sqlite://")
        await migrate(database)
        return database
    database = Database(url)
    try:
        await check_tables(database)
    except DatabaseUnusable:
        await database.close()
        raise
    return database


def is_away(error: Exception) -> bool:
    """Whether an error says that the database is not usable just now, and not that a statement was wrong."""
    if isinstance(error, (DatabaseAway, OSError, TimeoutError, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, (IntegrityError, ProgrammingError)):
        return False
    # What SQLite calls an error, and nothing more, is one of ours: there is no such table.
    is_ours = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return not is_ours and not is_of_values(error)


def is_of_values(error: Exception) -> bool:
    """Whether an error says that a value can never be written: a NUL for PostgreSQL, half a character."""
    if isinstance(error, (IntegrityError, DataError)):
        return True
    orig = error.orig if isinstance(error, StatementError) else error
    cause = orig.__cause__ if orig else None
    # 22: of the values, as PostgreSQL tells.
    is_refused = _sqlstate(error).startswith("22")
    return is_refused or any(isinstance(one, (ValueError, TypeError, OverflowError)) for one in (orig, cause))


def _sqlstate(error: Exception) -> str:
    """What PostgreSQL calls an error; empty if it is not one of its own."""
    orig = error.orig if isinstance(error, StatementError) else error
    return getattr(orig.__cause__ if orig else None, "sqlstate", None) or ""


def unusable(url: URL, error: Exception) -> DatabaseUnusable:
    """Why a database cannot be used, for whoever set DATABASE_URL."""
    if isinstance(error, DatabaseUnusable):
        return error
    if isinstance(error, DatabaseAway) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    cause = getattr(error, "orig", None) or error
    reason = str(cause) or type(cause).__name__
    if isinstance(cause, TimeoutError):
        reason = "it does not answer"
    elif isinstance(cause, CommandError):
        reason = "it was written by another version of the bot"
    for secret in {url.password, str(url.password or "")} - {None, ""}:
        reason = reason.replace(str(secret), "***")
    return DatabaseUnusable(f"The database of the setting DATABASE_URL cannot be used: {_sentence(reason)}")


def _sentence(reason: str) -> str:
    return f"{' '.join(reason.split()).rstrip('.')}."


# SQLite.


class _SqliteFile:
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


def _empty_log(path: str) -> bool:
    """On a connection of its own, and without waiting: who waits for a reader here keeps all writers out."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


# PostgreSQL.


class _Postgres:
    """A PostgreSQL database. Whatever waits for the server has a deadline, there and here."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._opened: dict[Any, AsyncEngine] = {}
        self._engine, self._since = self._new_engine(), time.monotonic()
        self._old: set[asyncio.Task[None]] = set()

    def _new_engine(self) -> AsyncEngine:
        milliseconds = str(int(1000 * WITHIN))
        engine = create_async_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=CONNECT_WITHIN,
            connect_args={
                "timeout": CONNECT_WITHIN,
                "server_settings": {
                    "application_name": "hoi-can-tho",
                    "statement_timeout": milliseconds,
                    "lock_timeout": str(1000 * CONNECT_WITHIN),
                    # A process that is gone, or cut off, does not keep a chat locked.
                    "idle_in_transaction_session_timeout": milliseconds,
                    "tcp_keepalives_idle": "30",
                    "tcp_keepalives_interval": "10",
                    "tcp_keepalives_count": "3",
                },
            },
        )

        def note(connection: Any, _record: object) -> None:
            self._sweep()
            self._opened[connection.driver_connection] = engine

        event.listen(engine.sync_engine, "connect", note)
        return engine

    def submit(self, work: Work[R], within: float) -> asyncio.Future[R]:
        return asyncio.ensure_future(self._transaction(work, within))

    async def _transaction(self, work: Work[R], within: float) -> R:
        while True:  # as long as whoever waits for it gives it
            try:
                return await self._once(work, within)
            except DBAPIError as error:
                if _sqlstate(error) != DEADLOCK:
                    raise
                log.info("deadlock")  # the other one gets by, and then we do

    async def _once(self, work: Work[R], within: float) -> R:
        async with self._engine.begin() as connection:
            if within > WITHIN:
                limit = f"SET LOCAL statement_timeout = {int(1000 * within)}"
                await connection.execute(text(limit))
                await connection.execute(text("SET LOCAL lock_timeout = 0"))
            return await connection.run_sync(work)

    def give_up(self) -> None:
        """Begin with new connections: where one hangs, those that lie in the pool do, too."""
        if time.monotonic() - self._since < WITHIN:
            return
        old, self._engine, self._since = self._engine, self._new_engine(), time.monotonic()
        task = asyncio.create_task(self._dispose(old))
        self._old.add(task)
        task.add_done_callback(self._old.discard)

    async def close(self) -> None:
        try:
            await asyncio.gather(self._dispose(self._engine), *self._old)
        finally:
            for connection in list(self._opened):
                connection.terminate()

    async def _dispose(self, engine: AsyncEngine) -> None:
        """Take leave of a server; of one that does not hear it, without."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await engine.dispose()
        except Exception as error:  # the server is told, or it finds out
            log.info("connections_dropped", **describe(error))
        self._sweep()

    def _sweep(self) -> None:
        """Close what was given up, as soon as nobody is at work on it."""
        for connection, engine in list(self._opened.items()):
            if connection.is_closed():
                del self._opened[connection]
            elif engine is not self._engine and not connection.is_in_transaction():
                connection.terminate()
                del self._opened[connection]


# Migrations.


async def migrate(database: Database, migrations: Path = MIGRATIONS) -> None:
    """Bring the tables up to date; all or nothing, and one process after the other.

    Args:
        database: whose tables.
        migrations: the directory of the migrations that make them.

    Raises:
        DatabaseUnusable: why not.
    """
    try:
        await database.transact(lambda connection: _upgrade(connection, migrations), within=MIGRATE_WITHIN)
    except (DatabaseAway, OSError, SQLAlchemyError, CommandError) as error:
        raise unusable(database.url, error) from error


async def check_tables(database: Database) -> None:
    """See that the tables are as this version of the bot has them, and change nothing.

    Raises:
        DatabaseUnusable: they are not, or it cannot be told.
    """
    try:
        found = await database.transact(_revision)
    except (DatabaseAway, OSError, SQLAlchemyError) as error:
        raise unusable(database.url, error) from error
    known = ScriptDirectory(str(MIGRATIONS))
    if found == known.get_current_head():
        return
    is_older = found is None or found in {script.revision for script in known.walk_revisions()}
    raise DatabaseUnusable(
        "The database is of an older version of the bot: start the bot, which brings it up to date."
        if is_older
        else "The database was written by a newer version of the bot: use that one."
    )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, migrations: Path) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
