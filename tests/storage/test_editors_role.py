"""The editors' pages may do in PostgreSQL what operations/editors.sql lets them, and no more."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.content.loading import load
from bot.desk import announcing, asked
from bot.desk.announcing import Audience
from bot.desk.bot_reader import BotReader
from bot.desk.editing import EditingDesk
from bot.editing.app import open_database
from bot.storage import feedback, questions, subscriptions, traffic
from bot.storage.database import Database
from bot.storage.models import Delivery, QuestionState
from bot.storage.schema import migrate
from stand_ins.postgres import Cluster
from tests.support import ROOT
from tests.support.bot_database import open_bot_database
from tests.support.clock import Clock
from tests.support.desk import CHIEF, FOOD, make_content

SCRIPT = (ROOT / "operations" / "editors.sql").read_text("utf-8")
TODAY = datetime.date(2026, 11, 28)

FORBIDDEN = [
    "SELECT * FROM inbox", "SELECT * FROM zalo_account", "SELECT * FROM web_reply",
    "SELECT * FROM zalo_options",
    "UPDATE question SET text = 'x'", "DELETE FROM question", "DELETE FROM subscription",
    "UPDATE subscription SET address = 'x'", "INSERT INTO watch (answer) VALUES ('x')",
    "UPDATE delivery SET address = 'x'", "UPDATE feedback SET helpful = 0", "CREATE TABLE mine (id int)",
]  # fmt: skip


@pytest.fixture
def bot_url(postgres: Cluster, postgres_url: str) -> Iterator[str]:
    """The bot's database after the script; its role and database are taken away at the end."""
    yield postgres_url
    name = str(make_url(postgres_url).database)
    postgres.run("dropdb", "--force", "editors")
    undo = "DROP OWNED BY editors; DROP ROLE editors"
    postgres.run("psql", "--quiet", "--dbname", name, "--output", os.devnull, "--command", undo)


async def prepared(postgres: Cluster, bot_url: str, times: int = 2) -> None:
    """The bot has been started once, and the operator has run the script, again and again."""
    database = Database(bot_url)
    await migrate(database)
    await database.close()
    script = postgres.directory / "editors.sql"
    script.write_text(SCRIPT, "utf-8")
    script.chmod(0o644)  # whatever the umask: PostgreSQL's own account reads it
    name = str(make_url(bot_url).database)
    for _ in range(times):
        postgres.run(
            "psql", "--quiet", "--dbname", name, "--set", "password=it's one",
            "--output", os.devnull, "--file", str(script),
        )  # fmt: skip


def as_editors(url: str, database: str | None = None) -> str:
    changed = make_url(url).set(username="editors", database=database or make_url(url).database)
    return changed.render_as_string(hide_password=False)


async def test_they_have_a_database_of_their_own_and_count_in_the_bots(
    postgres: Cluster, bot_url: str
) -> None:
    await prepared(postgres, bot_url)
    own = await open_database(as_editors(bot_url, "editors"))
    await own.close()
    reader = BotReader(as_editors(bot_url))
    assert await reader.read(lambda connection: questions.near(connection, "culture.food")) == {}
    assert await reader.read(lambda connection: subscriptions.subscribers(connection, {"city"})) == 0
    assert await reader.read(lambda connection: feedback.votes(connection, TODAY)) == {}
    assert await reader.read(traffic.months) == []
    await reader.close()


async def test_they_do_there_what_the_pages_do(postgres: Cluster, bot_url: str, tmp_path: Path) -> None:
    await prepared(postgres, bot_url)
    clock, directory = Clock(), make_content(tmp_path)
    async with open_bot_database(bot_url, clock) as bot:
        reader = BotReader(as_editors(bot_url))
        own = await open_database(as_editors(bot_url, "editors"))
        desk = EditingDesk(own, directory, lambda: load(directory, now=clock()).library, clock, bot=reader)
        number = await bot.asked("ăn gì ngon", QuestionState.LEFT, nearest=FOOD)
        await bot.asked("ga ở đâu", nearest=FOOD)
        await bot.watching(6, FOOD)
        group = await asked.group_of(desk, CHIEF, number)
        await asked.assign(desk, CHIEF, group, "culture")
        await asked.reply(desk, CHIEF, group.first, "Lẩu mắm.", None)
        prospect = await announcing.look_at(desk, CHIEF, FOOD, Audience.CHANGE)
        assert await announcing.send(desk, CHIEF, FOOD, Audience.CHANGE, prospect.seal)
        assert len(await bot.rows(Delivery)) == 7
        await announcing.stop(desk, CHIEF, FOOD, Audience.CHANGE)
        assert len(await bot.rows(Delivery)) == 1
        (other,) = await asked.groups(desk, CHIEF) or []
        await asked.set_aside(desk, CHIEF, other)
        await asked.reopen(desk, CHIEF, await asked.group_of(desk, CHIEF, other.first.id))
        await own.close()
        await reader.close()


async def test_they_see_no_message_and_change_nothing_else_there(postgres: Cluster, bot_url: str) -> None:
    await prepared(postgres, bot_url)
    engine = create_async_engine(as_editors(bot_url))
    for statement in FORBIDDEN:
        with pytest.raises(Exception, match="permission denied"):
            async with engine.begin() as connection:
                await connection.execute(text(statement))
    await engine.dispose()
