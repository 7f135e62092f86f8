"""The migrations lead to the tables that the models describe."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import Database
from bot.storage.errors import DatabaseUnusable
from bot.storage.models import Base
from bot.storage.schema import migrate
from tests.support.databases import on_both_databases

pytestmark = on_both_databases


def difference(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrations_and_the_models_agree(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await connection.run_sync(difference) == []


async def test_tables_of_a_newer_version_are_left_as_they_are_and_the_way_back_is_told(
    database: Database, engine: AsyncEngine
) -> None:
    await database.transact(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    with pytest.raises(DatabaseUnusable, match=r"newer version of the bot.*restore a backup"):
        await migrate(database)
    async with engine.begin() as connection:
        assert await connection.run_sync(difference) == []
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"


async def test_migrating_again_changes_nothing(database: Database, engine: AsyncEngine) -> None:
    await migrate(database)
    async with engine.begin() as connection:
        assert await connection.run_sync(difference) == []
