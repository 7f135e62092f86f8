"""Killed in the middle of a hundred messages or deliveries and started again, the bot loses none."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.database import Database
from bot.storage.outbox import Outbox
from bot.storage.schema import migrate
from bot.storage.subscriptions import subscribe
from stand_ins.rasa import RasaStandIn
from stand_ins.record import read_record
from tests.support.kill import CARDS, QUESTIONS, KillableBot, check, is_all_sent

pytestmark = pytest.mark.server


@pytest.mark.parametrize("kills", [(1,), (50,), (20, 100, 180)], ids=str)
async def test_every_accepted_message_is_answered_in_order_and_only_the_card_in_hand_twice(
    kills: tuple[int, ...], tmp_path: Path, database_url: str, small_content: Path
) -> None:
    file = tmp_path / "sent"
    async with (
        RasaStandIn().serving() as rasa_url,
        KillableBot([database_url, rasa_url, str(small_content), str(file)]) as bot,
    ):
        for cards in kills:
            await bot.start(QUESTIONS)
            await bot.until(lambda bot, cards=cards: bot.cards >= cards)  # type: ignore[misc]
            assert await bot.end(signal.SIGKILL) == -signal.SIGKILL
        await bot.start(QUESTIONS)
        await bot.until(lambda bot: len(bot.accepted) == len(QUESTIONS))
        await bot.until(lambda bot: bot.cards >= CARDS or is_all_sent(file))
        assert await bot.end(signal.SIGTERM) == 0
    check(read_record(file), QUESTIONS, len(kills))


async def test_sigterm_loses_and_repeats_nothing(
    tmp_path: Path, database_url: str, small_content: Path
) -> None:
    file = tmp_path / "sent"
    async with (
        RasaStandIn().serving() as rasa_url,
        KillableBot([database_url, rasa_url, str(small_content), str(file)]) as bot,
    ):
        await bot.start(QUESTIONS)
        await bot.until(lambda bot: bot.cards >= 50)
        assert await bot.end(signal.SIGTERM) == 0
        await bot.start(QUESTIONS)
        await bot.until(lambda _: is_all_sent(file))
        assert await bot.end(signal.SIGTERM) == 0
    check(read_record(file), QUESTIONS, kills=0)


async def test_news_reaches_everybody_once_over_kills(
    tmp_path: Path, database_url: str, small_content: Path
) -> None:
    file, kills = tmp_path / "sent", (1, 30, 60)
    everybody = {f"chat {n}" for n in range(100)}
    await announce(database_url, sorted(everybody))
    async with (
        RasaStandIn().serving() as rasa_url,
        KillableBot([database_url, rasa_url, str(small_content), str(file)]) as bot,
    ):
        for cards in kills:
            await bot.start([])
            await bot.until(lambda bot, cards=cards: bot.cards >= cards)  # type: ignore[misc]
            assert await bot.end(signal.SIGKILL) == -signal.SIGKILL
        await bot.start([])
        await bot.until(lambda _: {card.chat for card in read_record(file)} == everybody)
        assert await bot.end(signal.SIGTERM) == 0
    assert len(read_record(file)) <= len(everybody) + len(kills), "only what was in hand came twice"


async def announce(database_url: str, chats: list[str]) -> None:
    """Queue news for a subscriber in each of the chats."""
    database = Database(database_url)
    await migrate(database)

    def work(connection: Connection) -> None:
        for chat in chats:
            message = Message(channel="file", address=chat, conversation=f"hash of {chat}", key=chat)
            subscribe(connection, message, Language.VI, "culture", utc_now())

    await database.transact(work)
    outbox = Outbox(database)
    assert await outbox.announce("culture.food", {"culture"}) == len(chats)
    await database.close()
