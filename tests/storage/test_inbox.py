"""The inbox loses nothing of what it acknowledged, and forgets what it answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.incoming import incoming
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.database import Database
from bot.storage.inbox import Inbox, InboxBacklog
from bot.storage.models import InboxMessage
from bot.storage.retention import REDELIVERY
from bot.storage.schema import migrate
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.inbox import HERE, PLANS, claim, message

pytestmark = on_both_databases


class TestAccepting:
    async def test_a_message_comes_out_as_it_went_in(self, inbox: Inbox) -> None:
        sent = Message(
            channel="test",
            address="address",
            conversation="chat",
            key="1",
            text="Chợ nổi ở đâu?",
            button="answer:culture.food",
            is_cut=True,
            is_quiet=True,
            unreadable=True,
            language=Language.EN,
        )
        message_id = await inbox.accept(sent)
        entry = await claim(inbox)
        assert entry.id == message_id
        for name in sent.__slots__:
            if name != "key":
                assert getattr(entry.message, name) == getattr(sent, name), name

    async def test_a_redelivery_is_dropped(self, inbox: Inbox) -> None:
        assert await inbox.accept(message("1")) is not None
        assert await inbox.accept(message("1")) is None
        await inbox.answered(await claim(inbox))
        assert await inbox.accept(message("1")) is None
        assert await inbox.claim(HERE) is None

    async def test_the_same_key_on_another_channel_is_another_message(self, inbox: Inbox) -> None:
        elsewhere = incoming(channel="other", address="a", conversation="c", key="1", text="hello")
        assert await inbox.accept(message("1")) is not None
        assert await inbox.accept(elsewhere) is not None

    async def test_it_is_found_by_its_key_before_and_after_the_answer(self, inbox: Inbox) -> None:
        message_id = await inbox.accept(message("1"))
        assert await inbox.find("test", "1") == message_id
        await inbox.answered(await claim(inbox))
        assert await inbox.find("test", "1") == message_id
        assert await inbox.find("test", "2") is None


class TestForgetting:
    async def test_after_the_answer_nothing_tells_who_asked_or_what(
        self, inbox: Inbox, engine: AsyncEngine
    ) -> None:
        await inbox.accept(message("1"))
        entry = await claim(inbox)
        await inbox.save_plans(entry, PLANS)
        await inbox.answered(entry)
        async with engine.begin() as connection:
            row = (await connection.execute(select(InboxMessage.__table__))).one()
        personal = ("conversation", "address", "text", "button", "language", "plans")
        assert [getattr(row, name) for name in personal] == [None] * len(personal)
        assert row.key != "1"

    async def test_a_redelivery_is_known_for_seven_days(
        self, inbox: Inbox, engine: AsyncEngine, clock: Clock
    ) -> None:
        await inbox.accept(message("1"))
        await inbox.answered(await claim(inbox))
        clock.advance(seconds=REDELIVERY.total_seconds() - 1)
        await inbox.tidy()
        assert await inbox.accept(message("1")) is None
        clock.advance(seconds=1)
        await inbox.tidy()
        async with engine.begin() as connection:
            assert (await connection.execute(select(InboxMessage))).all() == []

    async def test_what_waits_is_never_deleted(self, inbox: Inbox, clock: Clock) -> None:
        await inbox.accept(message("1"))
        clock.advance(days=30)
        await inbox.tidy()
        assert (await claim(inbox)).message.text == "hello"


class TestWatching:
    async def test_the_oldest_unanswered_message_tells_how_far_behind_we_are(
        self, inbox: Inbox, clock: Clock
    ) -> None:
        assert await inbox.backlog() == InboxBacklog(0, 0)
        await inbox.accept(message("1"))
        clock.advance(seconds=5)
        await inbox.accept(message("2"))
        assert await inbox.backlog() == InboxBacklog(2, 5)
        await inbox.answered(await claim(inbox))
        assert await inbox.backlog() == InboxBacklog(1, 0)

    async def test_a_database_that_is_gone_is_not_reachable(
        self, inbox: Inbox, clock: Clock, tmp_path: Path
    ) -> None:
        assert await inbox.is_reachable()
        gone = Database(f"sqlite+aiosqlite:///{tmp_path}/gone.db")
        (tmp_path / "gone.db").unlink()
        (tmp_path / "gone.db").mkdir()
        assert not await Inbox(gone, "secret", clock).is_reachable()
        await gone.close()


async def test_closing_waits_for_what_is_at_work(database_url: str) -> None:
    database = Database(database_url)
    await migrate(database)
    inbox = Inbox(database, "secret")
    accepting = asyncio.create_task(inbox.accept(message("1")))
    await asyncio.sleep(0)
    accepting.cancel()
    async with asyncio.timeout(10):
        await inbox.close()
    reopened = Database(database_url)
    assert await Inbox(reopened, "secret").find("test", "1") is not None
    await reopened.close()


async def test_accepted_messages_are_there_after_the_engine_is_opened_again(database_url: str) -> None:
    for expected in (None, "hello"):
        database = Database(database_url)
        await migrate(database)
        inbox = Inbox(database, "secret")
        await inbox.open()
        entry = await inbox.claim(HERE)
        assert (entry.message.text if entry else None) == expected
        if entry is None:
            await inbox.accept(message("1"))
        await database.close()
