"""Several bot processes over one PostgreSQL: each chat in order by one at a time, none left hanging."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from bot.storage.models import ChatLease, InboxMessage
from stand_ins.rasa import RasaStandIn
from stand_ins.record import read_record
from tests.support.kill import QUESTIONS, KillableBot, Question, check, is_all_sent

LEASE_SECONDS = "2"
FIRST = QUESTIONS[: len(QUESTIONS) // 2]
"""What is asked before one of them is killed; the rest comes to it when it starts again."""


@pytest.mark.parametrize("kills", [0, 2])
async def test_two_processes_share_the_chats_and_one_takes_over_what_the_other_leaves(
    kills: int, tmp_path: Path, postgres_url: str, small_content: Path
) -> None:
    file = tmp_path / "sent"
    async with RasaStandIn().serving() as rasa_url, AsyncExitStack() as stack:
        arguments = [postgres_url, rasa_url, str(small_content), str(file), LEASE_SECONDS]
        news = asyncio.Condition()
        steady, other = [await stack.enter_async_context(KillableBot(arguments, news=news)) for _ in range(2)]
        # Both at once, on a database without tables: one of them makes those.
        await asyncio.gather(*(bot.start(FIRST if kills else QUESTIONS) for bot in (steady, other)))
        for kill in range(kills):
            enough, asked = 10 * (kill + 1), QUESTIONS if kill else FIRST
            await other.until(has_done_some(file, enough, asked))
            if kill:
                await other.until(lambda bot: len(bot.accepted) == len(QUESTIONS))
            assert await other.end(signal.SIGKILL) == -signal.SIGKILL
            if kill + 1 < kills:
                await other.start(QUESTIONS)
        await steady.until(lambda _: is_all_sent(file))
        # Who is killed behind its last card has not said that it was sent: that one comes once more.
        async with asyncio.timeout(30):
            while await left_in_hand(postgres_url) != (0, 0):  # noqa: ASYNC110 of another process
                await asyncio.sleep(0.1)  # between two looks at a condition
        if not kills:
            assert min(steady.cards, other.cards) > 0, "one of them did nothing"
            assert await other.end(signal.SIGTERM) == 0
        assert await steady.end(signal.SIGTERM) == 0
    check(read_record(file), QUESTIONS, kills)
    assert await left_in_hand(postgres_url) == (0, 0)


def has_done_some(file: Path, cards: int, asked: Sequence[Question]) -> Callable[[KillableBot], bool]:
    """Whether a bot has sent so many cards, or the other one has left it nothing to send."""
    return lambda bot: bot.cards >= cards or is_all_sent(file, asked)


async def left_in_hand(database_url: str) -> tuple[int | None, int | None]:
    """How many messages are unanswered, and how many chats are leased."""
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        messages = select(func.count()).where(InboxMessage.answered_at.is_(None))
        leases = select(func.count()).select_from(ChatLease)
        found = await connection.scalar(messages), await connection.scalar(leases)
    await engine.dispose()
    return found
