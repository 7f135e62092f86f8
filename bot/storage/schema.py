"""The version of the tables: brought up to date by the service, only looked at by everybody else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.database import Database, is_sqlite
from bot.storage.errors import DatabaseAway, DatabaseUnusable, unusable

MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 0x43616E54686F
"""A number that no other program on the same PostgreSQL database takes for a lock of its own."""

NEWER = (
    "The database was written by a newer version of the bot: use that one, or restore a backup of before "
    "the update."
)
"""Why a version of the bot does not work on tables that it does not know."""

MIGRATE_WITHIN = 120.0
"""Seconds for the migrations, another process's included."""


async def migrate(database: Database, migrations: Path = MIGRATIONS) -> None:
    """Bring the tables up to date; all or nothing, and one process after the other.

    Raises:
        DatabaseUnusable: why not.
    """
    try:
        await database.transact(lambda connection: _upgrade(connection, migrations), within=MIGRATE_WITHIN)
    except CommandError as error:  # it finds no migration of that name
        raise DatabaseUnusable(NEWER) from error
    except (DatabaseAway, OSError, SQLAlchemyError) as error:
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
        else NEWER
    )


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


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, migrations: Path) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
