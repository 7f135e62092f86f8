"""The queue keeps chats in order, and gives each to one worker at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.database import Database
from bot.storage.errors import Unwritable
from bot.storage.inbox import Inbox
from bot.storage.models import ChatLease, InboxMessage
from bot.storage.queue import LEASE, Entry, LeaseLost
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.inbox import HERE, PLANS, claim, message

pytestmark = on_both_databases


async def test_a_language_that_this_version_does_not_know_holds_nobody_up(
    inbox: Inbox, engine: AsyncEngine
) -> None:
    await inbox.accept(message("1"))
    async with engine.begin() as connection:
        await connection.execute(update(InboxMessage).values(language="zh"))
    assert (await claim(inbox)).message.language is None


class TestTakingAtOnce:
    """A message whose chat is free is in hand as soon as it is written down."""

    async def test_it_is_in_hand_with_its_acknowledgement(self, inbox: Inbox) -> None:
        taken: list[Entry | None] = []
        inbox.consumer_for = lambda _channel: taken.append
        first, second = await inbox.accept(message("1")), await inbox.accept(message("2"))
        other = await inbox.accept(message("3", "another chat"))
        assert [entry and entry.id for entry in taken] == [first, None, other]
        assert await inbox.claim(HERE) is None, "the second waits for the first"
        assert taken[0] is not None
        await inbox.answered(taken[0])
        assert inbox.arrived.is_set(), "the chat has more"
        assert (await claim(inbox)).id == second

    async def test_it_is_like_one_that_was_claimed(self, inbox: Inbox) -> None:
        taken: list[Entry | None] = []
        await inbox.accept(message("1", "a"))
        inbox.consumer_for = lambda _channel: taken.append
        await inbox.accept(message("2", "b"))
        claimed = await claim(inbox)
        assert taken[0] is not None
        same = {"id": 0, "lease": "", "message": message("0")}
        assert replace(taken[0], **same) == replace(claimed, **same)  # type: ignore[arg-type]

    async def test_what_waited_before_is_not_overtaken(self, inbox: Inbox) -> None:
        first = await inbox.accept(message("1"))
        taken: list[Entry | None] = []
        inbox.consumer_for = lambda _channel: taken.append
        await inbox.accept(message("2"))
        assert taken == [None]
        assert (await claim(inbox)).id == first

    async def test_a_redelivery_and_a_failure_give_the_hand_back(self, inbox: Inbox) -> None:
        await inbox.accept(message("1"))
        taken: list[Entry | None] = []
        inbox.consumer_for = lambda _channel: taken.append
        await inbox.accept(message("1"))
        with pytest.raises(Unwritable):
            await inbox.accept(replace(message("2"), text="\ud800"))
        assert taken == [None, None]


class TestFairness:
    async def test_who_writes_much_stands_behind_who_writes_little(self, inbox: Inbox) -> None:
        for n in range(60):
            await inbox.accept(message(str(n), f"group {n % 6}"))
        for _ in range(6):
            await inbox.answered(await claim(inbox))
        await inbox.accept(message("quiet", "somebody else"))
        assert (await claim(inbox)).message.conversation == "somebody else"


class TestClaiming:
    async def test_a_chat_is_answered_in_order(self, inbox: Inbox) -> None:
        for key in "123":
            await inbox.accept(message(key, text=key))
        texts = []
        while entry := await inbox.claim(HERE):
            texts.append(entry.message.text)
            assert await inbox.claim(HERE) is None, "a second message of a chat in hand"
            await inbox.answered(entry)
        assert texts == ["1", "2", "3"]

    async def test_different_chats_are_in_hand_at_the_same_time(self, inbox: Inbox) -> None:
        for key in "1234":
            await inbox.accept(message(key, chat=f"chat {int(key) % 2}", text=key))
        assert [(await claim(inbox)).message.text, (await claim(inbox)).message.text] == ["1", "2"]
        assert await inbox.claim(HERE) is None

    async def test_a_chat_goes_to_one_of_many_who_claim_at_once(self, inbox: Inbox) -> None:
        for key in range(10):
            await inbox.accept(message(str(key), chat=f"chat {key % 5}"))
        entries = [entry for entry in await asyncio.gather(*(inbox.claim(HERE) for _ in range(20))) if entry]
        assert sorted(entry.message.conversation for entry in entries) == [f"chat {n}" for n in range(5)]

    async def test_what_came_by_a_channel_that_is_not_here_is_left(self, inbox: Inbox) -> None:
        await inbox.accept(message("1"))
        assert await inbox.claim(("other",)) is None
        assert await inbox.claim(HERE) is not None

    async def test_a_postponed_message_holds_up_its_own_chat_only(self, inbox: Inbox, clock: Clock) -> None:
        for key, chat in (("1", "slow"), ("2", "slow"), ("3", "quick")):
            await inbox.accept(message(key, chat=chat, text=key))
        await inbox.postpone(await claim(inbox), 10)
        assert (await claim(inbox)).message.text == "3"
        assert await inbox.claim(HERE) is None
        clock.advance(seconds=10)
        entry = await claim(inbox)
        assert (entry.message.text, entry.attempts) == ("1", 1)

    async def test_a_restart_goes_on_where_it_stopped(
        self, inbox: Inbox, database: Database, clock: Clock
    ) -> None:
        await inbox.accept(message("1"))
        entry = await claim(inbox)
        await inbox.save_plans(entry, PLANS)
        await inbox.card_sent(entry, 1)
        restarted = Inbox(database, "secret", clock)
        await restarted.open()
        clock.advance(seconds=LEASE.total_seconds())
        again = await claim(restarted)
        assert (again.id, again.plans, again.cards_sent) == (entry.id, PLANS, 1)


class TestLeases:
    async def test_a_lease_that_is_not_renewed_goes_to_another_process(
        self, inbox: Inbox, database: Database, clock: Clock
    ) -> None:
        await inbox.accept(message("1"))
        mine = await claim(inbox)
        other = Inbox(database, "secret", clock)
        assert await other.claim(HERE) is None
        clock.advance(seconds=LEASE.total_seconds())
        theirs = await claim(other)
        assert theirs.id == mine.id
        for late in (inbox.save_plans(mine, PLANS), inbox.card_sent(mine, 1), inbox.answered(mine)):
            with pytest.raises(LeaseLost):
                await late
        await other.answered(theirs)

    async def test_a_renewed_lease_stays(self, inbox: Inbox, database: Database, clock: Clock) -> None:
        await inbox.accept(message("1"))
        entry = await claim(inbox)
        clock.advance(seconds=20)
        await inbox.renew({entry.lease})
        clock.advance(seconds=20)
        assert await Inbox(database, "secret", clock).claim(HERE) is None
        await inbox.answered(entry)

    async def test_no_lease_is_left_when_all_is_answered(self, inbox: Inbox, engine: AsyncEngine) -> None:
        for key in "12":
            await inbox.accept(message(key, chat=key))
        await inbox.answered(await claim(inbox))
        await inbox.postpone(await claim(inbox), 5)
        async with engine.begin() as connection:
            assert (await connection.execute(select(ChatLease))).all() == []
