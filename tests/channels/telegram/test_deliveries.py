"""Replies of the staff and news, through the postman to Telegram."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.telegram import TelegramChannel
from bot.content.library import Library
from bot.content.schema import Language
from bot.conversation.message import Message
from bot.conversation.postman import Postman
from bot.store import people
from bot.store.models import QuestionState, Subscription
from bot.store.outbox import Outbox
from bot.store.work import utc_now
from tests.stand_ins.failures import Failure
from tests.stand_ins.telegram import Person, StandIn

TOPIC = "culture"


@pytest.fixture
def outbox(engine: AsyncEngine) -> Outbox:
    return Outbox(engine)


@pytest.fixture
def postman(outbox: Outbox, channel: TelegramChannel, small_library: Library) -> Postman:
    return Postman(outbox, lambda: small_library, {channel.name: channel})


def message_of(person: Person) -> Message:
    chat = str(person.chat.id)
    return Message(channel="telegram", address=chat, conversation=f"hash of {chat}", key=chat, text="Ở đâu?")


async def subscribe(engine: AsyncEngine, *persons: Person) -> None:
    async with engine.begin() as connection:
        for person in persons:
            await people.subscribe(connection, message_of(person), Language.EN, TOPIC, utc_now())


async def subscribers(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(Subscription)) or 0


async def test_news_reaches_those_who_want_it_and_only_who_blocked_the_bot_is_struck_off(
    telegram: StandIn, engine: AsyncEngine, outbox: Outbox, postman: Postman
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
    while await postman.deliver_next():
        pass
    assert lan.chat.messages == []
    for person in (minh, emma):
        [news] = person.chat.messages
        assert news["text"].startswith("Title of food")
        assert "News you subscribed to." in news["text"]
        labels = [button["text"] for row in news["reply_markup"]["inline_keyboard"] for button in row]
        assert labels == ["Helpful", "Not helpful", "Tiếng Việt", "Unsubscribe"]
    assert await subscribers(engine) == 2


async def test_a_reply_of_the_staff_arrives_once_as_it_was_typed(
    telegram: StandIn, engine: AsyncEngine, outbox: Outbox, postman: Postman
) -> None:
    lan = telegram.person("Lan")
    async with engine.begin() as connection:
        await people.keep_question(
            connection,
            message_of(lan),
            1,
            language=Language.EN,
            nearest=None,
            state=QuestionState.OPEN,
            now=utc_now(),
        )
        kept = await people.open_question(connection, message_of(lan).conversation)
        assert kept is not None
        await people.leave_question(connection, kept, message_of(lan), Language.EN)
    await outbox.reply(kept.id, "Dial *101*1#:\n- 109 Nguyễn Trãi\nPhone: **113**", "culture.food")
    while await postman.deliver_next():
        pass
    reply, answer = lan.chat.messages
    assert reply["text"] == (
        'The staff\'s reply to your question: "Ở đâu?"\n\nDial *101*1#:\n- 109 Nguyễn Trãi\nPhone: **113**'
    )
    assert answer["text"].startswith("Title of food")
