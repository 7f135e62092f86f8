"""Replies of the staff and news, through the delivery worker to Telegram."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answering.delivery_worker import DeliveryWorker
from bot.channels.opaque import OpaqueNames
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.updates import move_of
from bot.content.library import Library
from bot.domain.card import Card
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.domain.plan import Kind
from bot.storage import questions, subscriptions
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import QuestionState, Subscription
from bot.storage.outbox import Outbox
from stand_ins.failures import Failure
from stand_ins.telegram import TOKEN, Chat, Person, StandIn
from tests.support.clock import Clock
from tests.support.telegram import SECRET

TOPIC = "culture"


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def delivery_worker(outbox: Outbox, channel: TelegramChannel, small_library: Library) -> DeliveryWorker:
    return DeliveryWorker(outbox, lambda: small_library, {channel.name: channel})


def message_of(person: Person) -> Message:
    chat = str(person.chat.id)
    return Message(channel="telegram", address=chat, conversation=f"hash of {chat}", key=chat, text="Ở đâu?")


async def subscribe(engine: AsyncEngine, *persons: Person) -> None:
    async with engine.begin() as connection:
        for person in persons:
            await connection.run_sync(
                subscriptions.subscribe, message_of(person), Language.EN, TOPIC, utc_now()
            )


async def subscribers(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(Subscription)) or 0


async def test_news_reaches_those_who_want_it_and_only_who_blocked_the_bot_is_struck_off(
    telegram: StandIn, engine: AsyncEngine, outbox: Outbox, delivery_worker: DeliveryWorker
) -> None:
    lan, minh, emma = (telegram.person(name) for name in ("Lan", "Minh", "Emma"))
    await subscribe(engine, lan, minh, emma)
    telegram.failures.plan(
        "sendMessage",
        Failure(
            403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
        ),
    )
    await outbox.announce("culture.food", {TOPIC})
    while await delivery_worker.deliver_next():
        pass
    assert lan.chat.messages == []
    for person in (minh, emma):
        [news] = person.chat.messages
        assert news["text"].startswith("Title of food")
        assert "News you subscribed to." in news["text"]
        labels = [button["text"] for row in news["reply_markup"]["inline_keyboard"] for button in row]
        assert labels == ["Helpful", "Not helpful", "Tell me when this changes", "Tiếng Việt", "Unsubscribe"]
    assert await subscribers(engine) == 2


async def test_a_reply_of_the_staff_arrives_once_as_it_was_typed(
    telegram: StandIn, engine: AsyncEngine, outbox: Outbox, delivery_worker: DeliveryWorker
) -> None:
    lan = telegram.person("Lan")
    async with engine.begin() as connection:
        await connection.run_sync(
            questions.keep_question,
            message_of(lan),
            1,
            language=Language.EN,
            nearest=None,
            state=QuestionState.OPEN,
            now=utc_now(),
        )
        kept = await connection.run_sync(questions.open_question, message_of(lan).conversation)
        assert kept is not None
        await connection.run_sync(questions.leave_question, kept, message_of(lan), Language.EN)
    await outbox.reply(kept.id, "Dial *101*1#:\n- 109 Nguyễn Trãi\nPhone: **113**", "culture.food")
    while await delivery_worker.deliver_next():
        pass
    reply, answer = lan.chat.messages
    assert reply["text"] == (
        'The staff\'s reply to your question: "Ở đâu?"\n\nDial *101*1#:\n- 109 Nguyễn Trãi\nPhone: **113**'
    )
    assert answer["text"].startswith("Title of food")


async def in_group(engine: AsyncEngine, channel: TelegramChannel, group: Chat) -> None:
    """A group that has subscribed."""
    place = move_of(group.id, group.id, OpaqueNames(SECRET)).before
    message = Message("telegram", place.address, place.conversation, str(group.id))
    async with engine.begin() as connection:
        await connection.run_sync(subscriptions.subscribe, message, Language.EN, TOPIC, utc_now())


def told(chat: Chat) -> list[str]:
    return [message["text"].partition("\n")[0] for message in chat.from_bot()]


async def deliver(delivery_worker: DeliveryWorker, clock: Clock) -> None:
    for _ in range(6):
        while await delivery_worker.deliver_next():
            pass
        clock.advance(minutes=1)


async def test_a_group_that_had_its_share_does_not_keep_the_others_waiting(
    telegram: StandIn,
    engine: AsyncEngine,
    channel: TelegramChannel,
    outbox: Outbox,
    delivery_worker: DeliveryWorker,
) -> None:
    channel._sender._pace = Pace(burst=100, seconds=1)
    group, lan = telegram.group(), telegram.person("Lan")
    await in_group(engine, channel, group)
    await subscribe(engine, lan)
    for number in range(20):
        card = Card(Kind.SMALLTALK, Language.VI, "Chào")
        await channel.send(str(group.id), number + 1, 0, card)
    await outbox.announce("culture.food", {TOPIC})
    await delivery_worker.deliver_next()
    await delivery_worker.deliver_next()
    assert len(group.from_bot()) == 20
    assert told(lan.chat) == ["Title of food"]


class TestSupergroup:
    """A group that becomes a supergroup goes on getting its news, each once."""

    @pytest.fixture
    def outbox(self, database: Database, clock: Clock) -> Outbox:
        return Outbox(database, clock)

    async def test_by_the_service_message(
        self,
        telegram: StandIn,
        engine: AsyncEngine,
        outbox: Outbox,
        delivery_worker: DeliveryWorker,
        channel: TelegramChannel,
        clock: Clock,
    ) -> None:
        group = telegram.group()
        await in_group(engine, channel, group)
        supergroup = telegram.upgrade(group)
        async with channel.receiving():
            await telegram.until(lambda: not telegram.unacknowledged)
        await in_group(engine, channel, supergroup)
        await outbox.announce("culture.food", {TOPIC})
        await deliver(delivery_worker, clock)
        assert told(supergroup) == ["Title of food"]
        assert await subscribers(engine) == 1

    async def test_by_the_error_when_something_is_sent(
        self,
        telegram: StandIn,
        engine: AsyncEngine,
        outbox: Outbox,
        delivery_worker: DeliveryWorker,
        channel: TelegramChannel,
        clock: Clock,
    ) -> None:
        group = telegram.group()
        await in_group(engine, channel, group)
        supergroup = telegram.upgrade(group)
        await in_group(engine, channel, supergroup)  # the service message got lost
        await outbox.announce("culture.food", {TOPIC})
        await deliver(delivery_worker, clock)
        await outbox.announce("culture.food", {TOPIC})
        await deliver(delivery_worker, clock)
        assert told(supergroup) == ["Title of food"]
        assert await subscribers(engine) == 1

    async def test_the_rasa_side_forgets_what_was_said_under_the_old_id(
        self, telegram: StandIn, api_url: str, inbox: Inbox, small_library: Library
    ) -> None:
        forgotten = []

        async def forget(conversation: str) -> None:
            forgotten.append(conversation)

        channel = TelegramChannel(
            inbox,
            lambda: small_library,
            token=TOKEN,
            secret=SECRET,
            api_url=api_url,
            forget_context=forget,
        )
        group = telegram.group()
        telegram.upgrade(group)
        async with channel.connected(), channel.receiving():
            await telegram.until(lambda: not telegram.unacknowledged)
        old = move_of(group.id, group.id, OpaqueNames(SECRET)).before.conversation
        assert set(forgotten) == {old}
