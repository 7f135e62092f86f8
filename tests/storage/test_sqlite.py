"""SQLite loses nothing, overwrites what is deleted, and serves one process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.schema import migrate
from bot.storage.sqlite import empty_log
from tests.support.clock import Clock
from tests.support.inbox import HERE, PLANS, claim, message


async def test_sqlite_is_set_up_to_lose_nothing_and_to_overwrite(database: Database) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    found = await database.transact(
        lambda connection: {n: connection.exec_driver_sql(f"PRAGMA {n}").scalar() for n in expected}
    )
    assert found == expected


async def test_after_tidying_nothing_is_left_in_the_files_either(
    inbox: Inbox, stored: Callable[[], bytes]
) -> None:
    personal = ("a secret question", "address of", "zq-chat", "zq-delivery", "culture.food")
    for n in range(100):
        text = f"a secret question {n} " + "x" * (37 * n % 900)
        await inbox.accept(message(f"zq-delivery {n}", chat=f"zq-chat {n % 7}", text=text))

    def left() -> list[str]:
        files = stored()
        return [words for words in personal if words.encode() in files]

    assert left() == ["a secret question", "address of", "zq-chat"]
    while entry := await inbox.claim(HERE):
        await inbox.save_plans(entry, PLANS)
        await inbox.answered(entry)
    await inbox.tidy()
    assert left() == []


async def test_a_restart_takes_over_at_once_what_a_dead_process_had_in_hand(
    inbox: Inbox, database: Database, clock: Clock
) -> None:
    await inbox.accept(message("1"))
    entry = await claim(inbox)
    restarted = Inbox(database, "secret", clock)
    await restarted.open()
    assert (await claim(restarted)).id == entry.id


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(str(make_url(sqlite_url).database))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], ids=oct)
async def test_nobody_else_on_the_machine_can_read_it(umask: int, file: Path) -> None:
    before = os.umask(umask)
    try:
        database = Database(f"sqlite:///{file}")
        await migrate(database)
        rights = {part.name: stat.S_IMODE(part.stat().st_mode) for part in file.parent.glob("bot.db*")}
    finally:
        os.umask(before)
    await database.close()
    assert rights == {"bot.db": 0o600, "bot.db-wal": 0o600, "bot.db-shm": 0o600}


async def test_one_that_an_older_version_left_to_others_is_unpublished_status(file: Path) -> None:
    file.touch(0o644)
    await Database(f"sqlite:///{file}").close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["removed", "replaced"])
async def test_nothing_is_accepted_into_a_file_that_is_gone(inbox: Inbox, file: Path, what: str) -> None:
    assert await inbox.is_reachable()
    file.rename(file.with_name("elsewhere"))
    if what == "replaced":
        file.touch()
    assert not await inbox.is_reachable()
    with pytest.raises(DatabaseAway):
        await inbox.accept(message("1"))
    file.with_name("elsewhere").rename(file)
    assert await inbox.accept(message("1")) is not None


class TestAnOpenReader:
    """Somebody reads the database: a backup, an editor's look."""

    @pytest.fixture
    async def reader(self, inbox: Inbox, file: Path) -> AsyncIterator[sqlite3.Connection]:
        """They began to read before a question was answered."""
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            await inbox.accept(message("1", text="a secret question"))
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM inbox").fetchall()
            await inbox.answered(await claim(inbox))
            yield connection

    @pytest.mark.slow
    async def test_it_keeps_the_log_from_being_emptied_and_nobody_is_told_otherwise(
        self, inbox: Inbox, reader: sqlite3.Connection, stored: Callable[[], bytes]
    ) -> None:
        began = time.monotonic()
        emptying = asyncio.create_task(inbox.empty_log())
        assert await inbox.accept(message("2", "another chat")) is not None
        assert time.monotonic() - began < 1, "writers do not wait for the reader"
        assert not await emptying
        assert b"a secret question" in stored()

    async def test_it_is_emptied_as_soon_as_the_reader_has_gone(
        self, inbox: Inbox, reader: sqlite3.Connection, stored: Callable[[], bytes]
    ) -> None:
        emptying = asyncio.create_task(inbox.empty_log())
        await asyncio.sleep(0.2)
        reader.execute("COMMIT")
        assert await emptying
        assert b"a secret question" not in stored()


async def test_a_log_that_somebody_holds_alone_for_a_moment_is_not_empty_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("PRAGMA journal_mode = WAL")
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("CREATE TABLE some (thing)")
        assert not empty_log(str(path))
    assert empty_log(str(path))
