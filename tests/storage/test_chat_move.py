"""What hangs on a chat goes along when the chat goes on under another name."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.message import Message
from bot.storage.chat_move import ChatMove, ChatPlace
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import ChatLease, Delivery, DeliveryStatus, InboxMessage, KeptQuestion, Subscription
from bot.storage.outbox import Outbox
from bot.storage.queue import LEASE
from tests.support.clock import Clock
from tests.support.databases import on_both_databases, until_somebody_waits

pytestmark = on_both_databases

OLD, NEW = ChatPlace("-5", "old"), ChatPlace("-1005", "new")
MOVE = ChatMove("telegram", OLD, NEW)
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def said(place: ChatPlace, key: str) -> Message:
    return Message("telegram", place.address, place.conversation, key, text=key)


async def subscribe(engine: AsyncEngine, place: ChatPlace, *topics: str) -> None:
    values = {
        "channel": "telegram", "address": place.address, "conversation": place.conversation,
        "language": "vi", "topics": [*topics], "since": NOW,
    }  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(Subscription).values(values))


async def subscriptions(engine: AsyncEngine) -> list[tuple[object, ...]]:
    query = select(Subscription.conversation, Subscription.address, Subscription.topics)
    async with engine.begin() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def deliveries(engine: AsyncEngine) -> list[tuple[object, ...]]:
    query = select(Delivery.conversation, Delivery.address, Delivery.status).order_by(Delivery.id)
    async with engine.begin() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_messages_that_wait_are_answered_in_the_new_chat_in_order(inbox: Inbox) -> None:
    for key in "123":
        await inbox.accept(said(OLD, key))
    await inbox.move(MOVE)
    await inbox.accept(said(NEW, "4"))
    for key in "1234":
        entry = await inbox.claim(["telegram"])
        assert entry
        assert (entry.message.address, entry.message.conversation) == ("-1005", "new")
        assert entry.message.text == key
        assert await inbox.claim(["telegram"]) is None
        await inbox.answered(entry)


async def test_a_message_in_hand_goes_on_in_hand(inbox: Inbox, engine: AsyncEngine) -> None:
    await inbox.accept(said(OLD, "1"))
    entry = await inbox.claim(["telegram"])
    assert entry
    await inbox.move(MOVE)
    await inbox.accept(said(NEW, "2"))
    assert await inbox.claim(["telegram"]) is None
    await inbox.save_plans(entry, [])
    await inbox.answered(entry)
    async with engine.begin() as connection:
        assert await connection.scalar(select(func.count()).select_from(ChatLease)) == 0


async def test_where_both_chats_are_in_hand_nothing_is_lost_or_answered_twice(
    inbox: Inbox, engine: AsyncEngine, database: Database
) -> None:
    for place, key in ((OLD, "1"), (OLD, "2"), (NEW, "3")):
        await inbox.accept(said(place, key))
    first, third = [await inbox.claim(["telegram"]) for _ in range(2)]
    assert first
    assert third
    await inbox.move(MOVE)
    await inbox.answered(first)
    await inbox.answered(third)
    second = await inbox.claim(["telegram"])
    assert second
    assert second.message == Message("telegram", "-1005", "new", second.message.key, text="2")
    await inbox.answered(second)
    async with engine.begin() as connection:
        waiting = select(func.count()).where(InboxMessage.answered_at.is_(None))
        assert await connection.scalar(waiting) == 0


async def test_a_question_that_was_left_gets_its_reply_in_the_new_chat(
    inbox: Inbox, engine: AsyncEngine, database: Database
) -> None:
    values = {"channel": "telegram", "language": "vi", "text": "?", "conversation": "old", "asked_at": NOW}
    async with engine.begin() as connection:
        await connection.execute(
            insert(KeptQuestion).values(id=7, message_id=1, state="left", address="-5", **values)
        )
        await connection.execute(insert(KeptQuestion).values(id=8, message_id=2, state="open", **values))
    await inbox.move(MOVE)
    async with engine.begin() as connection:
        query = select(KeptQuestion.conversation, KeptQuestion.address).order_by(KeptQuestion.id)
        assert [tuple(row) for row in await connection.execute(query)] == [("new", "-1005"), ("new", None)]
    await Outbox(database).reply(7, "Ở đây")
    await inbox.move(MOVE)
    assert await deliveries(engine) == [("new", "-1005", DeliveryStatus.QUEUED)]


async def test_a_subscription_and_news_under_way_move_along_and_moving_again_does_no_harm(
    inbox: Inbox, engine: AsyncEngine, database: Database
) -> None:
    await subscribe(engine, OLD, "culture")
    await Outbox(database).announce("culture.food", {"culture"})
    for _ in range(2):
        await inbox.move(MOVE)
        assert await subscriptions(engine) == [("new", "-1005", ["culture"])]
        assert await deliveries(engine) == [("new", "-1005", DeliveryStatus.QUEUED)]


@pytest.mark.parametrize(
    ("topics", "both"),
    [(("culture", "city"), ["city", "culture"]), (("culture", "clarification"), ["clarification"])],
)
async def test_where_both_chats_get_news_they_are_one_and_no_news_comes_twice(
    inbox: Inbox,
    engine: AsyncEngine,
    database: Database,
    clock: Clock,
    topics: tuple[str, str],
    both: list[str],
) -> None:
    outbox = Outbox(database, clock)
    everything = {"culture", "city", "clarification"}
    await subscribe(engine, OLD, topics[0])
    await outbox.announce("culture.food", everything)
    due = await outbox.claim(["telegram"])
    assert due
    await outbox.sent(due)  # before the move, in the old chat
    await subscribe(engine, NEW, topics[1])
    await outbox.announce("culture.food", everything)
    await outbox.announce("culture.market", everything)
    await inbox.move(MOVE)
    assert await subscriptions(engine) == [("new", "-1005", both)]
    statuses = [str(status) for _, _, status in await deliveries(engine)]
    assert sorted(statuses) == [DeliveryStatus.QUEUED, DeliveryStatus.SENT]
    await outbox.announce("culture.food", everything)
    await outbox.announce("culture.market", everything)
    assert len(await deliveries(engine)) == 2


async def test_a_chat_that_another_process_is_just_taking_moves_all_the_same(
    inbox: Inbox, engine: AsyncEngine
) -> None:
    await inbox.accept(said(OLD, "1"))
    in_hand = await inbox.claim(["telegram"])
    assert in_hand
    if inbox._database.is_sqlite:
        return  # where nobody else is
    async with engine.connect() as taking:
        taken = insert(ChatLease).values(conversation="new", lease="theirs", leased_until=NOW + LEASE)
        await taking.execute(taken)
        moving = asyncio.create_task(inbox.move(MOVE))
        await until_somebody_waits(taking)
        await taking.commit()
        await moving
    await inbox.answered(in_hand)


async def test_a_message_that_is_just_being_taken_stays_with_whoever_takes_it(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    message_id = await inbox.accept(said(OLD, "1"))
    if inbox._database.is_sqlite:
        return  # where one transaction comes after the other
    async with engine.connect() as taking:
        mine = select(InboxMessage.id).where(InboxMessage.id == message_id).with_for_update()
        await taking.execute(mine)
        lease = insert(ChatLease).values(conversation="old", lease="theirs", leased_until=clock() + LEASE)
        await taking.execute(lease)
        moving = asyncio.create_task(inbox.move(MOVE))
        await until_somebody_waits(taking)
        await taking.commit()
        await moving
    async with engine.connect() as connection:
        leases = (await connection.scalars(select(ChatLease.conversation))).all()
    assert leases == ["new"], "the lease went along"
    assert await inbox.claim(["telegram"]) is None, "it is in somebody's hand"
