"""Every column says what it tells of people, and it is forgotten, purged and left out as it says.

A new table or column without that fails here, and so does one for which `forget`, `purge` or the backup
does not do what is said of it.
"""

from __future__ import annotations

import datetime
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import JSON, Boolean, Connection, Date, Integer, LargeBinary, Table, Text, insert, select
from sqlalchemy import String as SqlString

from bot.storage.backup import back_up
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import Base, DeliveryStatus, QuestionState, UtcDateTime
from bot.storage.retention import forget
from tests.support.clock import Clock
from tests.support.databases import about, on_both_databases
from tests.support.operators_page import left_out

TABLES = list(Base.metadata.sorted_tables)
MARK = "zq-mark"
CHAT = f"{MARK} chat"
STATES = {"question": QuestionState.LEFT, "delivery": DeliveryStatus.WAITING}
EMPTY = {"answered_at", "question_id", "subscription_id", "announcement"}
"""Columns that say what kind of row it is; with them it would be one that is finished, or news."""


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_each_says_of_every_column_what_it_holds(table: Table) -> None:
    told = about(table)
    said = [*told.nothing.split(), *told.person.split(), *told.keys.split()]
    assert sorted(said) == sorted(column.name for column in table.columns)
    assert (told.forgotten is not None) == bool(told.person)


def row(table: Table, now: datetime.datetime) -> dict[str, object]:
    """A row whose personal and secret columns bear the mark."""
    told = about(table)
    marked = {*told.person.split(), *told.keys.split()}
    values: dict[str, object] = {}
    for column in table.columns:
        if column.name in {"state", "status"}:
            values[column.name] = STATES[table.name]
        elif column.name in EMPTY:
            values[column.name] = None
        elif column.name == "conversation":
            values[column.name] = CHAT
        elif column.name == "language":
            values[column.name] = "vi"
        elif isinstance(column.type, JSON):
            values[column.name] = [{"mark": MARK}]
        elif isinstance(column.type, UtcDateTime):
            values[column.name] = now
        elif isinstance(column.type, Date):
            values[column.name] = now.date()
        elif isinstance(column.type, LargeBinary):
            values[column.name] = MARK.encode()
        elif isinstance(column.type, Boolean):
            values[column.name] = False
        elif isinstance(column.type, Integer):
            values[column.name] = 1
        elif isinstance(column.type, (Text, SqlString)):
            values[column.name] = MARK if column.name in marked else "x"
    return values


@pytest.fixture
async def filled(database: Database, clock: Clock) -> Database:
    def work(connection: Connection) -> None:
        for table in TABLES:
            connection.execute(insert(table).values(row(table, clock())))

    await database.transact(work)
    return database


async def marked(database: Database) -> set[str]:
    """The tables in which there is something of the person, or a secret."""

    def work(connection: Connection) -> set[str]:
        found = set()
        for table in TABLES:
            told = about(table)
            for each in connection.execute(select(table)).mappings():
                if any(MARK in str(each[name]) for name in (*told.person.split(), *told.keys.split())):
                    found.add(table.name)
        return found

    return await database.transact(work)


@on_both_databases
class TestPeople:
    async def test_the_mark_is_everywhere_at_first(self, filled: Database) -> None:
        personal = {table.name for table in TABLES if about(table).person or about(table).keys}
        assert await marked(filled) == personal

    async def test_what_is_forgotten_with_the_row_is_so(self, filled: Database) -> None:
        await filled.transact(lambda connection: forget(connection, CHAT, 10**6))
        left = {table.name for table in TABLES if about(table).forgotten == "with the answer"}
        secrets = {table.name for table in TABLES if about(table).keys}
        assert await marked(filled) == left | secrets

    async def test_nothing_is_kept_for_longer_than_it_says(self, filled: Database, clock: Clock) -> None:
        inbox, begun = Inbox(filled, "secret", clock), clock.now
        for table in sorted(TABLES, key=lambda table: about(table).kept or datetime.timedelta()):
            if kept := about(table).kept:
                clock.now = begun + kept
                await inbox.tidy()
                assert table.name not in await marked(filled)
        forever = {t.name for t in TABLES if (about(t).person or about(t).keys) and about(t).kept is None}
        assert await marked(filled) == forever


async def test_backups_hold_what_they_say(filled: Database, sqlite_url: str, tmp_path: Path) -> None:
    back_up(sqlite_url, tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        for table in TABLES:
            told, rows = about(table), str(backup.execute(f"SELECT * FROM {table.name}").fetchall())
            assert (MARK in rows) == (told.in_backup and bool(told.person)), table.name


def test_so_does_the_command_for_postgresql() -> None:
    held_back = {t.name for t in TABLES if (about(t).person or about(t).keys) and not about(t).in_backup}
    assert left_out("bot") == held_back
