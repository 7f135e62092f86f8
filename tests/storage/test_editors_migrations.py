"""The migrations of the editors' pages lead to the tables that their models describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.desk.accounts import Accounts
from bot.editing.app import open_database
from bot.storage.database import Database
from bot.storage.editors import MIGRATIONS
from bot.storage.editors.tables import EditorsBase
from bot.storage.errors import DatabaseUnusable
from bot.storage.schema import migrate
from tests.support.databases import on_both_databases
from tests.support.editors import KEY


def difference(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, EditorsBase.metadata))


REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def of_revision(revision: str) -> Callable[[Connection], None]:
    """Makes the tables as a version of the pages had them, with an account."""

    def work(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(
            text(
                "INSERT INTO editor (name, full_name, may_write, may_approve, may_administer, totp_step, "
                "language, created_at) VALUES ('lan', 'Lan', TRUE, FALSE, FALSE, 0, 'vi', '2026-11-28')"
            )
        )

    return work


@on_both_databases
@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_database_of_each_earlier_version_is_brought_up_to_date(
    database_url: str, revision: str
) -> None:
    database = Database(database_url)
    await database.transact(of_revision(revision))
    await database.close()
    database = await open_database(database_url)
    assert await database.transact(difference) == []
    (lan,) = await database.transact(Accounts(KEY).all)
    assert (lan.name, lan.may_write, lan.offices, lan.has_password) == ("lan", True, None, False)
    await database.close()


@on_both_databases
async def test_a_database_of_a_newer_version_is_refused_in_a_sentence(database_url: str) -> None:
    database = await open_database(database_url)
    await database.transact(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    await database.close()
    with pytest.raises(DatabaseUnusable, match=r"\.$"):
        await open_database(database_url)


@on_both_databases
async def test_the_migrations_and_the_models_agree(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database, MIGRATIONS)
    assert await database.transact(difference) == []
    await database.close()
