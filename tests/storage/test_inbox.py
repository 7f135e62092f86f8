"""The inbox loses nothing, keeps chats in order, and forgets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Engine, event, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.incoming import incoming
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, Unwritable
from bot.storage.inbox import Inbox, InboxBacklog
from bot.storage.models import ChatLease, InboxMessage
from bot.storage.queue import LEASE, Entry, LeaseLost
from bot.storage.retention import REDELIVERY, WEB_REPLY
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

    async def test_many_at_once_are_all_accepted_once(self, inbox: Inbox) -> None:
        ids = await asyncio.gather(*(inbox.accept(message(str(n % 20), f"chat {n}")) for n in range(40)))
        assert len({id_ for id_ in ids if id_ is not None}) == 20
        assert ids.count(None) == 20

    async def test_a_burst_is_written_in_few_transactions_and_in_the_order_it_came(
        self, inbox: Inbox
    ) -> None:
        commits: list[object] = []

        def note(connection: object) -> None:
            commits.append(connection)

        event.listen(Engine, "commit", note)
        ids = await asyncio.gather(*(inbox.accept(message(str(n), f"chat {n}")) for n in range(200)))
        event.remove(Engine, "commit", note)
        written = [id_ for id_ in ids if id_ is not None]
        assert len(written) == 200
        assert written == sorted(written)
        assert len(commits) <= 3

    async def test_a_database_that_is_gone_fails_each_of_a_burst_and_takes_what_comes_later(
        self, inbox: Inbox
    ) -> None:
        def fail(_connection: object) -> None:
            raise OSError("gone")

        event.listen(Engine, "begin", fail)
        said = await asyncio.gather(
            *(inbox.accept(message(str(n))) for n in range(20)), return_exceptions=True
        )
        event.remove(Engine, "begin", fail)
        assert [type(error) for error in said] == [DatabaseAway] * 20
        assert await inbox.accept(message("1")) is not None

    async def test_a_sender_who_hangs_up_takes_no_connection_along(self, inbox: Inbox) -> None:
        for steps in range(40):
            accepting = asyncio.create_task(inbox.accept(message(f"cancelled {steps}")))
            for _ in range(steps):
                await asyncio.sleep(0)  # one step further than the last time
            accepting.cancel()
            assert await inbox.accept(message(f"next {steps}")) is not None


class TestHostileNeighbours:
    """What the database can never take, and came past the border all the same."""

    HOSTILE: ClassVar[dict[str, Message]] = {
        "half a character": replace(message("h"), text="\ud800"),
        "a NUL": replace(message("n"), button="\x00"),
        "a half in the chat": replace(message("c"), conversation="c\udfff"),
        "a number that is none": replace(message("b"), is_cut=10**40),  # type: ignore[arg-type]
    }

    @pytest.mark.parametrize("name", HOSTILE)
    async def test_they_cost_nobody_else_a_message(self, inbox: Inbox, name: str) -> None:
        innocents = [message(f"innocent {n}", f"chat {n}") for n in range(59)]
        arrivals = [*innocents[:30], self.HOSTILE[name], *innocents[30:]]
        said = await asyncio.gather(*(inbox.accept(one) for one in arrivals), return_exceptions=True)
        culprit = said.pop(30)
        assert [id_ for id_ in said if not isinstance(id_, int)] == []
        assert len(set(said)) == 59
        if inbox._database.is_sqlite and name == "a NUL":
            assert isinstance(culprit, int), "SQLite can hold it"
        else:
            assert isinstance(culprit, Unwritable)
        assert await inbox.is_reachable()

    async def test_only_they_are_refused(self, inbox: Inbox) -> None:
        hostile = [replace(message(f"h{n}"), text="\ud800") for n in range(7)]
        innocent = [message(f"i{n}", f"chat {n}") for n in range(7)]
        both = [one for pair in zip(hostile, innocent, strict=True) for one in pair]
        said = await asyncio.gather(*(inbox.accept(one) for one in both), return_exceptions=True)
        assert [type(error) for error in said[::2]] == [Unwritable] * 7
        assert all(isinstance(id_, int) for id_ in said[1::2])


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

    async def test_a_web_reply_is_kept_for_ten_minutes(self, inbox: Inbox, clock: Clock) -> None:
        await inbox.replies.save(1, 0, {"id": "first"})
        clock.advance(seconds=WEB_REPLY.total_seconds() - 1)
        await inbox.tidy()
        assert await inbox.replies.cards(1) == [{"id": "first"}]
        clock.advance(seconds=1)
        await inbox.tidy()
        assert await inbox.replies.cards(1) == []


class TestWebReplies:
    async def test_cards_come_in_order_and_a_repeat_replaces_the_first(self, inbox: Inbox) -> None:
        for position, name in ((1, "b"), (0, "a"), (1, "c")):
            await inbox.replies.save(7, position, {"id": name})
        assert await inbox.replies.cards(7) == [{"id": "a"}, {"id": "c"}]

    async def test_a_request_waits_until_its_message_is_answered(self, inbox: Inbox) -> None:
        message_id = await inbox.accept(message("1"))
        assert message_id is not None
        waiting = asyncio.create_task(inbox.replies.wait_answered(message_id, 10))
        assert not await inbox.replies.wait_answered(message_id, 0.01)
        await inbox.answered(await claim(inbox))
        assert await waiting
        assert await inbox.replies.wait_answered(message_id, 10), "answered long ago"

    async def test_it_sees_an_answer_from_another_process(
        self, inbox: Inbox, database: Database, clock: Clock
    ) -> None:
        message_id = await inbox.accept(message("1"))
        assert message_id is not None
        waiting = asyncio.create_task(inbox.replies.wait_answered(message_id, 10))
        other = Inbox(database, "secret", clock)
        await other.answered(await claim(other))
        assert await waiting

    async def test_many_who_wait_share_one_look(
        self, inbox: Inbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
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
