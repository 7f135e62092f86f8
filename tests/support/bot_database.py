"""The bot's own database with questions, subscribers and watched answers in it, for the editors' desk."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Connection, insert, select

from bot.desk.bot_reader import BotReader
from bot.domain.clock import Clock
from bot.storage.database import Database
from bot.storage.models import KeptQuestion, QuestionState, Subscription, Watch
from bot.storage.watches import WATCH
from tests.support.databases import bot_tables, prepared


@dataclass
class BotDatabase:
    """What the bot has written down, and how the desk reads it."""

    database: Database
    reader: BotReader
    clock: Clock
    numbers: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    async def asked(
        self, text: str, state: QuestionState = QuestionState.OPEN, *, nearest: str | None = None,
        channel: str = "telegram", language: str = "vi", days: float = 0, chat: str | None = None,
    ) -> int:  # fmt: skip
        """A question that was asked so many days ago; its id."""
        number = next(self.numbers)
        is_left = state is QuestionState.LEFT
        values = {
            "message_id": number, "state": state, "channel": channel, "language": language, "text": text,
            "nearest": nearest, "asked_at": self.clock() - datetime.timedelta(days=days),
            "conversation": chat or f"chat {number}", "address": f"address {number}" if is_left else None,
        }  # fmt: skip

        def work(connection: Connection) -> int:
            done = connection.execute(insert(KeptQuestion).values(values))
            return int((done.inserted_primary_key or (0,))[0])

        return await self.database.transact(work)

    async def subscribed(self, number: int, topics: list[str], channel: str, language: str) -> None:
        """So many people get news."""
        rows = [
            {
                "channel": channel, "address": f"a{one}", "conversation": f"{channel} {one}",
                "language": language, "topics": topics, "since": self.clock(),
            }
            for one in (next(self.numbers) for _ in range(number))
        ]  # fmt: skip
        await self.database.transact(lambda connection: connection.execute(insert(Subscription), rows))

    async def watching(self, number: int, answer: str, channel: str = "telegram", days: float = 1) -> None:
        """So many people asked, so many days ago, to be told when an answer changes."""
        until = self.clock() - datetime.timedelta(days=days) + WATCH
        rows = [
            {
                "channel": channel, "address": f"a{one}", "conversation": f"watcher {one}",
                "language": "vi", "answer": answer, "until": until,
            }
            for one in (next(self.numbers) for _ in range(number))
        ]  # fmt: skip
        await self.database.transact(lambda connection: connection.execute(insert(Watch), rows))

    async def rows(self, table: type) -> list[object]:
        """Every row of a table, by id."""
        query = select(table.__table__).order_by(table.__table__.c.id)  # type: ignore[attr-defined]
        return await self.database.transact(lambda connection: [*connection.execute(query)])


@asynccontextmanager
async def open_bot_database(url: str, clock: Clock) -> AsyncIterator[BotDatabase]:
    """A database of the bot, brought up to date."""
    database, reader = await prepared(url, bot_tables), BotReader(url)
    try:
        yield BotDatabase(database, reader, clock)
    finally:
        await reader.close()
        await database.close()
