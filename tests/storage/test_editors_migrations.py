"""The migrations of the editors' pages lead to the tables that their models describe."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from bot.storage.database import Database
from bot.storage.editors.tables import EditorsBase
from bot.storage.schema import migrate
from tests.support import ROOT
from tests.support.databases import on_both_databases

MIGRATIONS = ROOT / "bot" / "storage" / "editors" / "migrations"


def difference(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, EditorsBase.metadata))


@on_both_databases
async def test_the_migrations_and_the_models_agree(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, MIGRATIONS)
    assert await database.transact(difference) == []
    await database.close()
