"""Options that are numbered in the text, where a platform has no buttons or too few of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select

from bot.domain.clock import Clock, utc_now
from bot.domain.message import Message
from bot.storage.database import Database
from bot.storage.models import ZaloOptions
from bot.storage.retention import OPTIONS


class NumberedOptions:
    """What numbers stand for in each conversation, for a day."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def offer(self, conversation: str, payloads: Sequence[str]) -> None:
        """Keep what a number stands for in a conversation, in place of what it stood for before."""
        mine = ZaloOptions.conversation == conversation
        row = insert(ZaloOptions).values(
            conversation=conversation, payloads=list(payloads), offered_at=self._clock()
        )

        def work(connection: Connection) -> None:
            connection.execute(delete(ZaloOptions).where(mine))
            connection.execute(row)

        await self._database.transact(work)

    async def option(self, conversation: str, number: int) -> str | None:
        """The payload that a number stands for, counted from 1; None if it stands for nothing."""
        query = select(ZaloOptions.payloads).where(
            ZaloOptions.conversation == conversation, ZaloOptions.offered_at > self._clock() - OPTIONS
        )
        found = await self._database.transact(lambda connection: connection.scalar(query))
        payloads: list[str] = found or []
        return payloads[number - 1] if 1 <= number <= len(payloads) else None

    async def with_option(self, message: Message) -> Message:
        """The message; if it is a number that picks an option, as the press of its button."""
        number = number_in(message.text)
        if number is None:
            return message
        button = await self.option(message.conversation, number)
        return replace(message, text="", button=button) if button else message


def number_in(text: str) -> int | None:
    """The number that a text consists of ("2", "2."), which may pick an option."""
    found = re.fullmatch(r"\s*([1-9][0-9]?)\s*[.)]?\s*", text, re.ASCII)
    return int(found[1]) if found else None
