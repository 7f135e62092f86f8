"""Replies that somebody waits for, here: cards laid down for a page's request, and who waits for which."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.domain.clock import Clock
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.models import InboxMessage, JsonObject, WebReply

POLL = 1.0
"""Seconds after which a waiter looks for what another process did."""

_INBOX: Any = InboxMessage.__table__
_REPLY: Any = WebReply.__table__
_ANSWERED = select(_INBOX.c.id).where(
    _INBOX.c.id.in_(bindparam("ids", expanding=True)), _INBOX.c.answered_at.is_not(None)
)
_CARDS = (
    select(_REPLY.c.card).where(_REPLY.c.message_id == bindparam("message_id")).order_by(_REPLY.c.position)
)
_DROP_CARD = delete(_REPLY).where(
    _REPLY.c.message_id == bindparam("message_id_"), _REPLY.c.position == bindparam("position_")
)
_LAY_DOWN = insert(_REPLY)
_WHOSE = select(_INBOX.c.conversation).where(_INBOX.c.id == bindparam("message_id"))

Waiter = asyncio.Future[list[JsonObject]]
"""Gets a reply's cards; none if they have to be looked up."""


def lay_down(
    connection: Connection,
    message_id: int,
    cards: Sequence[JsonObject],
    conversation: str | None,
    now: datetime.datetime,
    *,
    first: int = 0,
) -> None:
    """Write down cards of a reply, from the position `first` on."""
    rows = [
        {
            "message_id": message_id,
            "position": position,
            "card": card,
            "conversation": conversation,
            "saved_at": now,
        }
        for position, card in enumerate(cards, first)
    ]
    if rows:
        connection.execute(_LAY_DOWN, rows)


def disown(connection: Connection, conversation: str) -> None:
    """Forget whose the cards of a conversation's replies are."""
    mine = WebReply.conversation == conversation
    connection.execute(update(WebReply).where(mine).values(conversation=None))


class Replies:
    """The replies that are waited for, for one process. Any process may have given them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiters: dict[int, list[Waiter]] = {}
        self._looked_at = 0.0

    async def save(self, message_id: int, position: int, card: JsonObject) -> None:
        """Lay a card down for the request that waits; a repeat replaces the first."""

        def work(connection: Connection) -> None:
            whose = connection.scalar(_WHOSE, {"message_id": message_id})
            connection.execute(_DROP_CARD, {"message_id_": message_id, "position_": position})
            lay_down(connection, message_id, [card], whose, self._clock(), first=position)

        await self._database.transact(work)

    async def cards(self, message_id: int) -> list[JsonObject]:
        """The cards laid down for a message, in order."""
        asked = {"message_id": message_id}
        return await self._database.transact(lambda connection: list(connection.scalars(_CARDS, asked)))

    def expect(self, message_id: int, waiter: Waiter) -> None:
        """Let somebody wait for the reply to a message, until `forget` or `tell`."""
        self._waiters.setdefault(message_id, []).append(waiter)

    def is_expected(self, message_id: int) -> bool:
        """Whether somebody waits here for the reply to a message."""
        return message_id in self._waiters

    def forget(self, message_id: int | None, waiter: Waiter) -> None:
        """Somebody no longer waits."""
        waiters = self._waiters.get(message_id, []) if message_id is not None else []
        if waiter in waiters:
            waiters.remove(waiter)
            if not waiters and message_id is not None:
                del self._waiters[message_id]

    def tell(self, message_id: int, cards: list[JsonObject]) -> None:
        """A message is answered; cards: of its reply, none if they have to be looked up."""
        for waiter in self._waiters.get(message_id, []):
            if not waiter.done():
                waiter.set_result(cards)

    async def wait(self, message_id: int, waiter: Waiter, deadline: float) -> list[JsonObject] | None:
        """Wait for a reply that is expected; its cards, or None when time.monotonic() reaches `deadline`.

        They come from whoever answers the message here, or as another process laid them down.
        """
        while (left := deadline - time.monotonic()) > 0:
            await asyncio.wait({waiter}, timeout=min(left, POLL))
            if not waiter.done():
                await self._look()
            if waiter.done():
                return waiter.result() or await self.cards(message_id)
        return None

    async def wait_answered(self, message_id: int, seconds: float) -> bool:
        """Wait until a message is answered, here or in another process; False if time runs out."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self.expect(message_id, waiter)
        try:
            async with asyncio.timeout(seconds):
                self._looked_at = 0.0
                await self._look()
                while not waiter.done():
                    await asyncio.wait({waiter}, timeout=POLL)
                    if not waiter.done():
                        await self._look()
        except TimeoutError:
            return False
        finally:
            self.forget(message_id, waiter)
        return True

    async def _look(self) -> None:
        """See which of all that are waited for were answered, by this process or another.

        One look for all who wait, once in a while.
        """
        if time.monotonic() - self._looked_at < POLL / 2:
            return
        self._looked_at = time.monotonic()
        asked = {"ids": list(self._waiters)}
        try:
            found = await self._database.transact(
                lambda connection: list(connection.scalars(_ANSWERED, asked))
            )
        except DatabaseAway:  # whoever waits waits on
            return
        for message_id in found:
            self.tell(message_id, [])
