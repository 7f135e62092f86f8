"""What becomes of a reply of the staff, or of news, when the platform does not just take it."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Collection
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import Connection, func, insert, select, update
from structlog.testing import capture_logs

from bot.answering.delivery_worker import TRIES, DeliveryWorker
from bot.channels.contract import MaybeSent, OnlyInReply, Rejected, TryLater, Unreachable
from bot.channels.incoming import incoming
from bot.content.library import Library
from bot.domain.answer import BothLanguages
from bot.domain.delivery import DueDelivery
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus, KeptQuestion, QuestionState, Subscription
from bot.storage.outbox import Failure, Outbox
from tests.support.clock import Clock
from tests.support.worker import RecordingChannel

_numbers = count(1)


@pytest.fixture
def channel() -> RecordingChannel:
    return RecordingChannel()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, clock)


@pytest.fixture
def worker(outbox: Outbox, channel: RecordingChannel, small_library: Library, clock: Clock) -> DeliveryWorker:
    return DeliveryWorker(outbox, lambda: small_library, {"test": channel}, clock=clock)


async def left(database: Database, outbox: Outbox, clock: Clock, chat: str = "a") -> None:
    """Somebody left a question, and the staff has replied."""
    values = {
        "message_id": next(_numbers), "state": QuestionState.LEFT, "channel": "test", "language": "en",
        "text": "a question", "asked_at": clock(), "conversation": f"hash of {chat}", "address": chat,
    }  # fmt: skip

    def work(connection: Connection) -> int:
        done = connection.execute(insert(KeptQuestion).values(values))
        return int((done.inserted_primary_key or (0,))[0])

    await outbox.reply(await database.transact(work), "A reply.")


async def subscribed(database: Database, outbox: Outbox, clock: Clock) -> None:
    """Somebody gets news, and there is some."""
    values = {
        "channel": "test", "address": "a", "conversation": "hash of a", "language": "en",
        "topics": ["culture"], "since": clock(),
    }  # fmt: skip
    await database.transact(lambda connection: connection.execute(insert(Subscription).values(values)))
    assert await outbox.announce("culture.food", {"culture"}) == 1


async def become(database: Database) -> list[tuple[str, str | None]]:
    """What became of each delivery, and why."""
    query = select(Delivery.status, Delivery.reason).order_by(Delivery.id)
    rows = await database.transact(lambda connection: [*connection.execute(query)])
    return [(row.status, row.reason) for row in rows]


async def test_what_may_have_arrived_is_not_sent_again(
    worker: DeliveryWorker, channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock
) -> None:
    await left(database, outbox, clock)
    channel.mishaps["a"] = [MaybeSent("no answer in time")]
    assert await worker.deliver_next()
    clock.advance(days=1)
    assert not await worker.deliver_next()
    assert (channel.tries, await become(database)) == (1, [(DeliveryStatus.SENT, None)])


async def test_what_the_platform_will_never_take_is_told_the_staff(
    worker: DeliveryWorker, channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock
) -> None:
    await left(database, outbox, clock)
    channel.mishaps["a"] = [Rejected("too long")]
    await worker.deliver_next()
    assert await become(database) == [(DeliveryStatus.UNDELIVERABLE, Failure.REFUSED)]


async def test_whoever_blocked_the_bot_gets_no_more_news_and_the_staff_hears_of_the_reply(
    worker: DeliveryWorker, channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock
) -> None:
    await left(database, outbox, clock)
    await subscribed(database, outbox, clock)
    channel.always["a"] = Unreachable("blocked")
    while await worker.deliver_next():
        pass
    assert (await become(database))[0] == (DeliveryStatus.UNDELIVERABLE, Failure.UNREACHABLE)
    subscribers = select(func.count()).select_from(Subscription)
    assert await database.transact(lambda connection: connection.scalar(subscribers)) == 0


@pytest.mark.parametrize("is_chats_own", [True, False])
async def test_a_platform_that_asks_for_patience_is_left_alone_and_a_full_chat_holds_up_no_other(
    worker: DeliveryWorker,
    channel: RecordingChannel,
    database: Database,
    outbox: Outbox,
    clock: Clock,
    is_chats_own: bool,
) -> None:
    for chat in ("a", "b"):
        await left(database, outbox, clock, chat)
    channel.mishaps["a"] = [TryLater("slow down", 20, is_chats_own=is_chats_own)]
    await worker.deliver_next()
    assert await worker.deliver_next() is is_chats_own
    assert [sent.address for sent in channel.sent] == (["b"] if is_chats_own else [])


async def test_for_more_than_a_day_it_is_tried_and_then_the_staff_is_told(
    worker: DeliveryWorker, channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock
) -> None:
    await left(database, outbox, clock)
    channel.always["a"] = ConnectionError("ours")
    began = clock()
    with capture_logs() as logs:
        while (await become(database))[0][0] == DeliveryStatus.QUEUED:
            clock.advance(minutes=10)
            await worker.deliver_next()
    assert clock() - began > datetime.timedelta(days=1)
    assert channel.tries == TRIES
    assert await become(database) == [(DeliveryStatus.UNDELIVERABLE, Failure.GAVE_UP)]
    assert [log["event"] for log in logs][-1] == "delivery_dropped"


async def test_what_waits_for_the_person_goes_with_the_next_reply_as_far_as_the_platform_lets_it(
    worker: DeliveryWorker,
    channel: RecordingChannel,
    database: Database,
    inbox: Inbox,
    outbox: Outbox,
    clock: Clock,
    small_library: Library,
) -> None:
    for _ in range(2):
        await left(database, outbox, clock)
    channel.mishaps["a"] = [OnlyInReply("first"), OnlyInReply("second"), OnlyInReply("again")]
    while await worker.deliver_next():
        pass
    assert await become(database) == [(DeliveryStatus.WAITING, "first"), (DeliveryStatus.WAITING, "second")]

    await inbox.accept(incoming(channel="test", address="a", conversation="hash of a", key="k", text="hello"))
    entry = await inbox.claim({"test"})
    assert entry
    for expected in (DeliveryStatus.WAITING, DeliveryStatus.SENT):
        waiting = await worker.waiting_for(entry)
        await worker.add_to_reply(waiting, entry, channel, 1, small_library)
        assert [status for status, _ in await become(database)] == [expected, expected]
    places = [(sent.message_id, sent.position) for sent in channel.sent]
    assert len(set(places)) == 2, "each has a place of its own"


async def test_on_a_channel_that_is_paused_and_beside_a_process_that_leads_nothing_goes_out(
    channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock, small_library: Library
) -> None:
    await left(database, outbox, clock)
    sentence = BothLanguages(vi="Tạm nghỉ.", en="A break.")
    paused = small_library.messages.paused.model_copy(update={"telegram": sentence})
    messages = small_library.messages.model_copy(update={"paused": paused})
    library, leads = replace(small_library, messages=messages), False
    channel.name = "telegram"
    await database.transact(
        lambda connection: connection.execute(update(Delivery).values(channel="telegram"))
    )
    worker = DeliveryWorker(outbox, lambda: library, {"telegram": channel}, clock=clock, leads=lambda: leads)
    assert not await worker.deliver_next()
    leads = True
    assert not await worker.deliver_next()
    library = small_library
    assert await worker.deliver_next()


async def test_a_database_that_is_away_ends_nothing(
    worker: DeliveryWorker, channel: RecordingChannel, database: Database, outbox: Outbox, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await left(database, outbox, clock)
    claim, failures = outbox.claim, [DatabaseAway("gone")]

    async def failing(channels: Collection[str]) -> DueDelivery | None:
        if failures:
            raise failures.pop()
        return await claim(channels)

    monkeypatch.setattr(outbox, "claim", failing)
    monkeypatch.setattr(worker, "_look_seconds", 0.01)
    with capture_logs() as logs:
        running = asyncio.create_task(worker.run())
        await channel.was_tried(1)
        worker.stop()
        await running
    assert [log["event"] for log in logs] == ["delivery_left"]
