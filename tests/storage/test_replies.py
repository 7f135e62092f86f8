"""A reply reaches the request that waits for it, whichever process gives it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.retention import WEB_REPLY
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.inbox import claim, message

pytestmark = on_both_databases


async def test_cards_come_in_order_and_a_repeat_replaces_the_first(inbox: Inbox) -> None:
    for position, name in ((1, "b"), (0, "a"), (1, "c")):
        await inbox.replies.save(7, position, {"id": name})
    assert await inbox.replies.cards(7) == [{"id": "a"}, {"id": "c"}]


async def test_a_request_waits_until_its_message_is_answered(inbox: Inbox) -> None:
    message_id = await inbox.accept(message("1"))
    assert message_id is not None
    waiting = asyncio.create_task(inbox.replies.wait_answered(message_id, 10))
    assert not await inbox.replies.wait_answered(message_id, 0.01)
    await inbox.answered(await claim(inbox))
    assert await waiting
    assert await inbox.replies.wait_answered(message_id, 10), "answered long ago"


async def test_it_sees_an_answer_from_another_process(inbox: Inbox, database: Database, clock: Clock) -> None:
    message_id = await inbox.accept(message("1"))
    assert message_id is not None
    waiting = asyncio.create_task(inbox.replies.wait_answered(message_id, 10))
    other = Inbox(database, "secret", clock)
    await other.answered(await claim(other))
    assert await waiting


async def test_many_who_wait_share_one_look(
    inbox: Inbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await inbox.accept(message(str(number))) for number in range(100)]
    looks = 0

    def count(*_: object) -> None:
        nonlocal looks
        looks += 1

    monkeypatch.setattr("bot.storage.replies.POLL", 0.05)
    event.listen(engine.sync_engine, "before_cursor_execute", count)
    await asyncio.gather(*(inbox.replies.wait_answered(id_, 0.5) for id_ in ids if id_ is not None))
    event.remove(engine.sync_engine, "before_cursor_execute", count)
    # SQLite's "BEGIN IMMEDIATE" is one, too: two for each who comes, two for each common look.
    assert looks <= 2 * (len(ids) + 0.5 / 0.05 + 1)


async def test_a_web_reply_is_kept_for_ten_minutes(inbox: Inbox, clock: Clock) -> None:
    await inbox.replies.save(1, 0, {"id": "first"})
    clock.advance(seconds=WEB_REPLY.total_seconds() - 1)
    await inbox.tidy()
    assert await inbox.replies.cards(1) == [{"id": "first"}]
    clock.advance(seconds=1)
    await inbox.tidy()
    assert await inbox.replies.cards(1) == []
