"""The connection to the database, and its migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, event, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 0x43616E54686F
"""A number that no other program on the same PostgreSQL database takes for a lock of its own."""

_SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # an accepted message survives a power cut, too
    "busy_timeout = 5000",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is deleted is overwritten, not only forgotten
)


def connect(url: str) -> AsyncEngine:
    """An engine for DATABASE_URL; nothing is opened yet.

    SQLite is for one bot process only. It gets one connection: it has one writer anyway, and
    waiting for that in asyncio is fair and quick where SQLite's own waiting is neither.

    Raises:
        OSError: the file of an SQLite database cannot be made.
        ImportError, SQLAlchemyError: its driver is not there.
    """
    # SQLAlchemy puts a statement's values into its errors; ours are people's messages.
    if not is_sqlite(url):
        return create_async_engine(url, hide_parameters=True, pool_pre_ping=True)
    if database := make_url(url).database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
        # Found here, a file that cannot be written leaves no thread of the driver behind.
        Path(database).touch()
    engine = create_async_engine(url, hide_parameters=True, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def is_sqlite(url: str | URL) -> bool:
    """Whether the address is of an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date; all or nothing, and one process after the other."""
    async with engine.begin() as connection:
        if not is_sqlite(engine.url):
            await connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        await connection.run_sync(_upgrade)


async def truncate_log(connection: AsyncConnection) -> None:
    """Empty SQLite's write-ahead log, in which overwritten pages stay readable; else nothing.

    connection: with no transaction begun.
    """
    if is_sqlite(connection.engine.url):
        await connection.run_sync(_checkpoint)


def _checkpoint(connection: Connection) -> None:
    # Below SQLAlchemy, because a checkpoint runs in no transaction.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cursor.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by us: the driver would begin none for a migration's DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
