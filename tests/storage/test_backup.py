"""A backup brings back what lasts, and never an old token or a message twice."""

from __future__ import annotations

import asyncio
import datetime
import os
import sqlite3
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, insert, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.channels.zalo.store import ZaloStore
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.storage.backup import NoBackup, back_up, restore
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import InboxMessage, KeptQuestion, QuestionState
from bot.storage.schema import migrate
from stand_ins.postgres import Cluster
from tests.support import ROOT, forked
from tests.support.inbox import message
from tests.support.operators_page import arguments

KEY = Fernet.generate_key().decode()
LIFE = datetime.timedelta(hours=25)
LEFT = "Khi nào cầu mới xong?"


async def leave_question(engine: AsyncEngine, text: str = LEFT) -> None:
    async with engine.begin() as connection:
        number = await connection.scalar(select(func.count()).select_from(KeptQuestion))
        await connection.execute(
            insert(KeptQuestion).values(
                message_id=number, state=QuestionState.LEFT, channel="zalo", language=Language.VI,
                text=text, conversation="c", address="a", asked_at=utc_now(),
            )
        )  # fmt: skip


async def questions(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(KeptQuestion.text).order_by(KeptQuestion.id)))


async def token(database: Database) -> str | None:
    grant = await ZaloStore(database, "oa", KEY).grant()
    return grant.access_token if grant else None


async def test_what_lasts_is_there_again(engine: AsyncEngine, sqlite_url: str, tmp_path: Path) -> None:
    await leave_question(engine)
    back_up(sqlite_url, tmp_path / "backup.db")
    await leave_question(engine, "asked later")
    await restore(sqlite_url, tmp_path / "backup.db")
    assert await questions(engine) == [LEFT]


async def test_it_is_made_while_the_bot_writes(engine: AsyncEngine, sqlite_url: str, tmp_path: Path) -> None:
    async def write() -> None:
        for number in range(50):
            await leave_question(engine, f"question {number}")

    writing = asyncio.create_task(write())
    for number in range(3):
        await asyncio.to_thread(back_up, sqlite_url, tmp_path / f"{number}.db")
    await writing
    assert len(await questions(engine)) == 50
    for number in range(3):
        with sqlite3.connect(tmp_path / f"{number}.db") as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_no_message_is_in_it_and_none_is_answered_twice(
    engine: AsyncEngine, inbox: Inbox, sqlite_url: str, tmp_path: Path
) -> None:
    await inbox.accept(message("1", text="a secret question"))
    file = tmp_path / "backup.db"
    back_up(sqlite_url, file)
    assert b"a secret question" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    await restore(sqlite_url, file)
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(InboxMessage)) == 0


async def test_zalos_tokens_are_never_those_of_before(
    database: Database, engine: AsyncEngine, sqlite_url: str, tmp_path: Path
) -> None:
    zalo = ZaloStore(database, "oa", KEY)
    await zalo.authorised("old", "old refresh", LIFE)
    back_up(sqlite_url, tmp_path / "backup.db")
    await zalo.authorised("new", "new refresh", LIFE)
    assert await restore(sqlite_url, tmp_path / "backup.db") is True
    assert await token(database) == "new"
    elsewhere = f"sqlite+aiosqlite:///{tmp_path}/elsewhere/bot.db"
    assert await restore(elsewhere, tmp_path / "backup.db") is False
    other = Database(elsewhere)
    assert await token(other) is None
    await other.close()


@pytest.mark.parametrize("what", ["missing", "text", "cut", "foreign"])
async def test_what_is_no_backup_changes_nothing(
    what: str, engine: AsyncEngine, sqlite_url: str, tmp_path: Path
) -> None:
    await leave_question(engine)
    file = tmp_path / "backup.db"
    if what == "text":
        file.write_text("hello")
    elif what == "cut":
        back_up(sqlite_url, file)
        os.truncate(file, file.stat().st_size // 2)
    elif what == "foreign":
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE inbox (id)")
    with pytest.raises(NoBackup, match=r"backup\.db"):
        await restore(sqlite_url, file)
    assert await questions(engine) == [LEFT]
    assert not [name for name in os.listdir(tmp_path) if "restoring" in name]


async def test_a_backup_never_takes_another_ones_place(
    engine: AsyncEngine, sqlite_url: str, tmp_path: Path
) -> None:
    back_up(sqlite_url, tmp_path / "backup.db")
    with pytest.raises(NoBackup, match="there already"):
        back_up(sqlite_url, tmp_path / "backup.db")


@pytest.mark.server
async def test_the_commands_do_it_and_say_so(engine: AsyncEngine, sqlite_url: str, tmp_path: Path) -> None:
    await leave_question(engine)

    async def run(*arguments: str, url: str = sqlite_url) -> tuple[int | None, str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": url}
        environment["CONTENT_DIR"] = str(ROOT / "content")
        process = await forked.start(
            "bot", *arguments, cwd=tmp_path, env=environment, stdout=PIPE, stderr=PIPE
        )
        out, err = await process.communicate()
        return process.returncode, (out + err).decode()

    assert "backup.db is the backup" in (await run("backup", "backup.db"))[1]
    await leave_question(engine, "asked later")
    assert "backup.db is restored" in (await run("restore", "--yes", "backup.db"))[1]
    assert await questions(engine) == [LEFT]
    status, said = await run("backup", "b", url="postgresql+asyncpg://bot@/bot")
    assert (status, "docs/operators.md" in said) == (1, True)


async def test_the_commands_for_postgresql_bring_back_what_lasts(
    postgres: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    """Those of docs/operators.md, with the programs here."""
    name = str(make_url(postgres_url).database)
    dump = postgres.directory / f"{name}.dump"
    database = Database(postgres_url)
    engine = create_async_engine(postgres_url)
    await migrate(database)
    await ZaloStore(database, "oa", KEY).authorised("old", "old refresh", LIFE)
    await leave_question(engine)
    postgres.run("pg_dump", "--file", str(dump), *arguments("pg_dump", "bot", name))
    await leave_question(engine, "asked later")
    await database.close()
    await engine.dispose()
    postgres.run("pg_restore", *arguments("pg_restore", "bot", name), str(dump))
    assert await questions(engine) == [LEFT]
    assert await token(database) is None
    await migrate(database)
    await database.close()
    await engine.dispose()
