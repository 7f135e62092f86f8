"""Databases of the tests' own."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import Table, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, is_sqlite
from bot.storage.editors import MIGRATIONS as EDITORS_MIGRATIONS
from bot.storage.models import PersonalData
from bot.storage.schema import migrate

on_both_databases = pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"], indirect=True)

Preparation = Callable[[Database], Awaitable[None]]

_templates: dict[Preparation, Path] = {}
"""The SQLite file that each preparation made."""


async def bot_tables(database: Database) -> None:
    """Make the bot's tables."""
    await migrate(database)


async def editors_tables(database: Database) -> None:
    """Make the tables of the editors' pages."""
    await migrate(database, EDITORS_MIGRATIONS)


async def prepared(url: str, prepare: Preparation) -> Database:
    """A database with tables. A new one of SQLite is copied: to make its tables takes ten times as long."""
    file = make_url(url).database
    if not is_sqlite(url) or not file or Path(file).exists():
        database = Database(url)
        await prepare(database)
        return database
    if prepare not in _templates:
        _templates[prepare] = await _template(prepare)
    shutil.copyfile(_templates[prepare], file)
    return Database(url)


async def _template(prepare: Preparation) -> Path:
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    file = Path(made.name) / "template.db"
    database = Database(f"sqlite:///{file}")
    await prepare(database)
    await database.close()
    return file


def about(table: Table) -> PersonalData:
    """What a table tells of people."""
    told: PersonalData = table.info["personal_data"]
    return told


SOMEBODY_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
"""How many wait for a lock in PostgreSQL."""


async def until_somebody_waits(connection: AsyncConnection) -> None:
    """Wait until somebody waits for a lock in PostgreSQL."""
    while not await connection.scalar(SOMEBODY_WAITS):  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # between two looks at a condition
