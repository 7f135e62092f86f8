"""Every table of the editors' pages says what it tells of editors; it is purged and backed up as it says."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Integer,
    LargeBinary,
    Table,
    func,
    insert,
    make_url,
    select,
)

from bot.desk import housekeeping
from bot.desk.editing import EditingDesk
from bot.domain.clock import utc_now
from bot.editing.app import open_database
from bot.storage.backup import EDITORS, NoBackup, back_up, restore
from bot.storage.editors.tables import EditorsBase
from bot.storage.models import UtcDateTime
from stand_ins.postgres import Cluster
from tests.support.clock import Clock
from tests.support.databases import about
from tests.support.editors import make_content, make_desk
from tests.support.operators_page import arguments, left_out

TABLES = list(EditorsBase.metadata.sorted_tables)
MARK = "zq-mark"


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_each_says_of_every_column_what_it_holds(table: Table) -> None:
    told = about(table)
    said = [*told.nothing.split(), *told.person.split(), *told.keys.split()]
    assert sorted(said) == sorted(column.name for column in table.columns)


def row(table: Table, now: datetime.datetime) -> dict[str, object]:
    """A row of the time `now`."""
    values: dict[str, object] = {}
    for column in table.columns:
        if isinstance(column.type, UtcDateTime):
            values[column.name] = now
        elif isinstance(column.type, JSON):
            values[column.name] = {"mark": MARK}
        elif isinstance(column.type, Boolean):
            values[column.name] = False
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        elif isinstance(column.type, LargeBinary):
            values[column.name] = MARK.encode()
        else:
            values[column.name] = MARK[: getattr(column.type, "length", None) or 99]
    return values


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/editors.db"


@pytest.fixture
async def filled(url: str, tmp_path: Path) -> AsyncIterator[EditingDesk]:
    """A desk in whose database each table has a row."""
    database, clock = await open_database(url), Clock(utc_now())

    def work(connection: Connection) -> None:
        for table in TABLES:
            connection.execute(insert(table).values(row(table, clock())))

    await database.transact(work)
    yield make_desk(database, make_content(tmp_path / "site"), clock)
    await database.close()


async def rows_in(desk: EditingDesk) -> set[str]:
    """The tables that have a row."""

    def work(connection: Connection) -> set[str]:
        counted = {table.name: connection.scalar(select(func.count()).select_from(table)) for table in TABLES}
        return {name for name, number in counted.items() if number}

    return await desk.transact(work)


async def test_nothing_is_kept_for_longer_than_it_says(filled: EditingDesk) -> None:
    clock = filled.clock
    assert isinstance(clock, Clock)
    begun = clock.now
    assert await rows_in(filled) == {table.name for table in TABLES}
    for table in sorted(TABLES, key=lambda table: about(table).kept or datetime.timedelta()):
        if kept := about(table).kept:
            clock.now = begun + kept + datetime.timedelta(seconds=1)
            await housekeeping.purge(filled)
            assert table.name not in await rows_in(filled)
    assert await rows_in(filled) == {table.name for table in TABLES if about(table).kept is None}


async def test_backups_hold_what_they_say(filled: EditingDesk, url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    back_up(url, file, EDITORS)
    assert file.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(file)) as backup:
        for table in TABLES:
            rows = backup.execute(f"SELECT * FROM {table.name}").fetchall()
            assert bool(rows) == about(table).in_backup, table.name


async def test_what_is_restored_is_as_it_was_and_nobody_is_logged_in(
    filled: EditingDesk, url: str, tmp_path: Path
) -> None:
    back_up(url, tmp_path / "backup.db", EDITORS)
    await filled.database.close()
    (tmp_path / "editors.db").unlink()
    assert await restore(url, tmp_path / "backup.db", EDITORS) is False
    database = await open_database(url)
    desk = make_desk(database, filled.directory, Clock(utc_now()))
    assert await rows_in(desk) == {table.name for table in TABLES if about(table).in_backup}
    await database.close()


async def test_a_backup_of_the_bot_is_none_of_the_pages(
    filled: EditingDesk, url: str, engine: object, sqlite_url: str, tmp_path: Path
) -> None:
    back_up(sqlite_url, tmp_path / "bots.db")
    back_up(url, tmp_path / "pages.db", EDITORS)
    with pytest.raises(NoBackup, match="no backup of this database"):
        await restore(url, tmp_path / "bots.db", EDITORS)
    with pytest.raises(NoBackup, match="no backup of this database"):
        await restore(sqlite_url, tmp_path / "pages.db")
    assert await rows_in(filled) == {table.name for table in TABLES}


def test_the_command_for_postgresql_leaves_out_the_same() -> None:
    assert left_out("editors") == {table.name for table in TABLES if not about(table).in_backup}


async def test_the_commands_for_postgresql_bring_back_what_lasts(
    postgres: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    """Those of docs/operators.md, with the programs here."""
    name = str(make_url(postgres_url).database)
    dump = postgres.directory / f"{name}.dump"
    database = await open_database(postgres_url)
    desk = make_desk(database, make_content(tmp_path / "site"), Clock(utc_now()))

    def fill(connection: Connection) -> None:
        for table in TABLES:
            connection.execute(insert(table).values(row(table, desk.clock())))

    await database.transact(fill)
    postgres.run("pg_dump", "--file", str(dump), *arguments("pg_dump", "editors", name))
    await database.close()
    postgres.run("pg_restore", *arguments("pg_restore", "editors", name), str(dump))
    assert await rows_in(desk) == {table.name for table in TABLES if about(table).in_backup}
    await database.close()
