"""A reply that the platform refuses waits for the person's next message, and why is written down."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.contract import OnlyInReply
from bot.content.library import Library
from bot.domain.language import Language
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.worker import Bot, running

CLOSED = OnlyInReply("-230 the person wrote nothing for 7 days")

FORGET: dict[str, object] = {"reply": "action", "action": "forget", "step": "do"}


@pytest.fixture
async def bot(inbox: Inbox, small_library: Library, clock: Clock) -> AsyncIterator[Bot]:
    async with running(inbox, small_library, clock=clock) as bot:
        yield bot


async def says(bot: Bot, text: str) -> list[str]:
    """What the person got for a text."""
    before = len(bot.channel.sent)
    await bot.answered(await bot.receive(text, language=Language.EN))
    return [sent.what for sent in bot.channel.sent[before:]]


async def deliveries(engine: AsyncEngine) -> list[tuple[str, str | None, object]]:
    query = select(Delivery.status, Delivery.reason, Delivery.plans).order_by(Delivery.id)
    async with engine.begin() as connection:
        return [tuple(row) for row in await connection.execute(query)]  # type: ignore[misc]


@on_both_databases
async def test_it_comes_with_the_next_one_and_says_that_it_is_late(
    bot: Bot, engine: AsyncEngine, stored: Callable[[], bytes]
) -> None:
    expected = await says(bot, "food")
    bot.channel.mishaps["a"] = [CLOSED]
    assert await says(bot, "music") == []
    [(status, reason, plans)] = await deliveries(engine)
    assert (status, reason) == (DeliveryStatus.WAITING, str(CLOSED))
    assert plans
    found = await says(bot, "food")
    assert found[: len(expected)] == expected
    assert "culture.music" in found[len(expected) :]
    late = bot.channel.sent[-len(found) + len(expected)].card
    assert bot.library.messages.phrases.late_reply[Language.EN] in str(late.notice)
    assert await deliveries(engine) == [(DeliveryStatus.SENT, str(CLOSED), None)]
    await bot.inbox.tidy()
    assert b"hash of a" not in stored()


async def test_what_was_sent_of_it_does_not_come_again(bot: Bot) -> None:
    whole = await says(bot, "music")
    assert len(whole) == 2
    bot.channel.gates["a"] = gate = asyncio.Event()
    tries = bot.channel.tries
    message_id = await bot.receive("music", language=Language.EN)
    await bot.channel.was_tried(tries + 1)
    bot.channel.mishaps["a"] = [CLOSED]  # for the second card: the first is past that
    gate.set()
    await bot.answered(message_id)
    assert [sent.what for sent in bot.channel.sent[len(whole) :]] == whole[:1]
    assert await says(bot, "food") == [whole[0], "culture.food", whole[1]]


async def test_if_it_is_refused_again_it_waits_on(bot: Bot, engine: AsyncEngine) -> None:
    bot.channel.always["a"] = CLOSED
    await says(bot, "music")
    await says(bot, "food")
    assert [status for status, _, _ in await deliveries(engine)] == [DeliveryStatus.WAITING] * 2
    del bot.channel.always["a"]
    assert "culture.food" in await says(bot, "music")
    assert [status for status, _, _ in await deliveries(engine)] == [DeliveryStatus.SENT] * 2


async def test_nothing_is_held_for_who_asked_to_be_forgotten(bot: Bot, engine: AsyncEngine) -> None:
    usual = bot.rasa.plans
    bot.rasa.plans = lambda text: [FORGET] if text == "yes, forget" else usual(text)
    bot.channel.mishaps["a"] = [CLOSED]
    await says(bot, "music")
    bot.channel.mishaps["a"] = [CLOSED]
    await says(bot, "yes, forget")
    assert await deliveries(engine) == []


async def test_it_is_not_kept_for_longer_than_a_week(
    bot: Bot, engine: AsyncEngine, inbox: Inbox, clock: Clock
) -> None:
    bot.channel.mishaps["a"] = [CLOSED]
    await says(bot, "music")
    clock.now += datetime.timedelta(days=6)
    await inbox.tidy()
    assert [status for status, _, _ in await deliveries(engine)] == [DeliveryStatus.WAITING]
    clock.now += datetime.timedelta(days=1)
    await inbox.tidy()
    assert [(status, plans) for status, _, plans in await deliveries(engine)] == [
        (DeliveryStatus.UNDELIVERABLE, None)
    ]
