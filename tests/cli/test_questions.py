"""What editors do from the command line, in a process of its own beside the service."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.incoming import incoming
from bot.domain.answer import news_topics
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.storage import questions, subscriptions
from bot.storage.database import Database
from bot.storage.models import QuestionState
from bot.storage.outbox import Outbox
from tests.support import ROOT, forked

pytestmark = pytest.mark.server

CLARIFICATION = """
status: {status}
office: culture
checked: 2026-11-01
review_by: 2100-01-01
sources: [{{title: A source}}]
verdict: refuted
clarified: {{by: {{vi: Sở, en: Department}}, date: 2026-11-01}}
vi: {{title: Tựa, claim: Tin, answer: Không, questions: [a]}}
en: {{title: Title, claim: Claim, answer: It is not so, questions: [b]}}
"""


@pytest.fixture
def content(tmp_path: Path, small_content: Path) -> Path:
    """Two clarifications beside the small content."""
    directory = tmp_path / "content"
    shutil.copytree(small_content, directory)
    (directory / "clarification").mkdir()
    for name in ("published", "draft"):
        file = directory / "clarification" / f"{name}.yml"
        file.write_text(CLARIFICATION.format(status=name), encoding="utf-8")
    return directory


@pytest.fixture
async def outbox(database: Database) -> Outbox:
    return Outbox(database)


async def run(directory: Path, *arguments: str) -> tuple[int, str, str]:
    """The exit status of a command, and what it wrote to stdout and stderr."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    settings = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{directory}/bot.db",
        "CONTENT_DIR": str(directory / "content"),
    }
    process = await forked.start(
        "bot", *arguments,
        cwd=directory, env={**environment, **settings}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err
    return process.returncode, out.decode(), err.decode()


async def ask(engine: AsyncEngine, number: int, text: str, *, is_left: bool) -> None:
    """A question without an answer; whether it was left for the staff."""
    message = incoming(channel="test", address="a", conversation=f"c{number}", key=str(number), text=text)
    async with engine.begin() as connection:
        await connection.run_sync(
            questions.keep_question,
            message,
            number,
            language=Language.VI,
            nearest=None,
            state=QuestionState.OPEN,
            now=utc_now(),
        )
        kept = await connection.run_sync(questions.open_question, message.conversation)
        if is_left and kept:
            await connection.run_sync(questions.leave_question, kept, message, Language.VI)


async def test_open_questions_are_listed_and_replied_to_once(
    tmp_path: Path, content: Path, engine: AsyncEngine, outbox: Outbox
) -> None:
    assert await run(tmp_path, "questions") == (0, "No open questions.\n", "")
    await ask(engine, 1, "gọi 0912345678 được không", is_left=True)
    await ask(engine, 2, "mặt trăng ở đâu", is_left=False)
    _, listed, _ = await run(tmp_path, "questions")
    first, second = listed.splitlines()
    assert first.split() == ["1", "0m", "vi", "reply", "wanted", "gọi", "[…]", "được", "không"]
    assert "no reply wanted" in second

    status, said, _ = await run(tmp_path, "reply", "1", "Được.", "--answer", "culture.food")
    assert (status, said) == (0, "The reply to question 1 is queued; the running bot sends it.\n")
    assert await run(tmp_path, "reply", "1", "Được.") == (1, "", "Question 1 has been replied to.\n")
    _, listed, _ = await run(tmp_path, "questions")
    assert len(listed.splitlines()) == 1
    _, listed, _ = await run(tmp_path, "questions", "--all")
    assert "reply queued" in listed.splitlines()[0]
    due = await outbox.claim({"test"})
    assert due is not None
    assert (due.text, due.answer, due.address) == ("Được.", "culture.food", "a")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("reply", "7", "hello"), "There is no question 7."),
        (("reply", "1", " "), "The reply is empty."),
        (("reply", "1", "hello", "--answer", "culture.gone"), "There is no answer culture.gone."),
        (("announce", "clarification.gone"), "There is no answer clarification.gone."),
        (("announce", "clarification.draft"), "clarification.draft is not published."),
        (("announce", "culture.food"), "culture.food is no clarification, and only those are announced."),
    ],
    ids=str,
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    tmp_path: Path, content: Path, arguments: tuple[str, ...], why: str
) -> None:
    assert await run(tmp_path, *arguments) == (1, "", f"{why}\n")


@pytest.mark.parametrize(
    ("related", "topics"),
    [
        (
            ("culture.food", "clarification.other", "diaspora.e-visa"),
            {"clarification", "culture", "diaspora"},
        ),
        (("clarification.other",), {"clarification", "city"}),
    ],
)
def test_a_clarification_is_news_of_the_topics_it_is_related_to_else_of_the_city(
    related: tuple[str, ...], topics: set[str]
) -> None:
    assert news_topics(related) == topics


async def test_a_clarification_is_announced_to_its_subscribers_once(
    tmp_path: Path, content: Path, engine: AsyncEngine, outbox: Outbox
) -> None:
    message = incoming(channel="test", address="a", conversation="c", key="1", text="subscribe")
    async with engine.begin() as connection:
        await connection.run_sync(subscriptions.subscribe, message, Language.EN, "clarification", utc_now())
    for number in (1, 0):
        _, said, _ = await run(tmp_path, "announce", "clarification.published")
        assert said.startswith(f"clarification.published is queued for {number} subscribers")
    due = await outbox.claim({"test"})
    assert due is not None
    assert (due.announcement, due.language) == ("clarification.published", Language.EN)
    assert await outbox.claim({"test"}) is None


class TestOtherVersions:
    """The tables of a database are the service's to change; a command says so in one sentence."""

    COMMANDS: ClassVar = [("questions",), ("reply", "1", "hello"), ("announce", "clarification.published")]

    @pytest.mark.parametrize("arguments", COMMANDS, ids=str)
    @pytest.mark.parametrize(
        ("revision", "why"), [("0002", "of an older version"), ("9999", "by a newer version")]
    )
    async def test_they_are_left_alone(
        self,
        tmp_path: Path,
        content: Path,
        database: Database,
        arguments: tuple[str, ...],
        revision: str,
        why: str,
    ) -> None:
        await database.transact(
            lambda connection: connection.execute(
                text(f"UPDATE alembic_version SET version_num = '{revision}'")
            )
        )
        before = tables(tmp_path)
        status, out, err = await run(tmp_path, *arguments)
        assert (status, out) == (1, "")
        assert why in err
        assert len(err.splitlines()) == 1
        assert tables(tmp_path) == before

    async def test_a_database_that_is_not_there_yet_is_not_made(self, tmp_path: Path, content: Path) -> None:
        assert await run(tmp_path, "questions") == (0, "No open questions.\n", "")
        assert not list(tmp_path.glob("bot.db*"))


def tables(directory: Path) -> list[object]:
    with closing(sqlite3.connect(directory / "bot.db")) as connection:
        return [
            *connection.execute("SELECT * FROM sqlite_master"),
            *connection.execute("SELECT * FROM alembic_version"),
        ]
