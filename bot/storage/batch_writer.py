"""Writes down what arrives, many messages in one transaction.

A burst waits for few transactions, and is acknowledged in time. A message that the database can never take
is found and refused alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from bot.domain.message import Message
from bot.log import describe
from bot.metrics import UNWRITABLE
from bot.storage.backend import WITHIN
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, Unwritable, is_of_values
from bot.storage.models import JsonObject
from bot.storage.queue import Consumer, Entry

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class PendingWrite:
    """A message to be written down.

    written: gets the message's id, None for a redelivery, or the error for which it was not written.
    consumer: who would answer it at once; waiter: who waits for its reply's cards.
    id, entry: what `write` found: None of both for a redelivery, no entry if it has to wait.
    """

    message: Message
    written: asyncio.Future[int | None]
    consumer: Consumer | None
    waiter: asyncio.Future[list[JsonObject]] | None = None
    id: int | None = None
    entry: Entry | None = None


class BatchWriter:
    """Writes messages down in the order in which they are added."""

    def __init__(
        self,
        database: Database,
        write: Callable[[Connection, PendingWrite], None],
        on_written: Callable[[PendingWrite], None],
    ) -> None:
        """`write`: writes one in the transaction, perhaps again after that failed.
        `on_written`: called for each after the transaction."""
        self._database = database
        self._write_one = write
        self._on_written = on_written
        self._pending: deque[PendingWrite] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, pending: PendingWrite) -> None:
        """Have a message written down as soon as can be."""
        self._pending.append(pending)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def settle(self) -> None:
        """Wait until all is written, but no longer than a transaction may take."""
        if self._task:
            await asyncio.wait({self._task}, timeout=WITHIN)

    async def _run(self) -> None:
        while self._pending:
            batch: list[PendingWrite] = []
            try:
                await self._database.transact(lambda connection: self._write_pending(connection, batch))  # noqa: B023
            except DatabaseAway as error:
                for pending in batch or self._take_pending():
                    _fail(pending, error)
            except Exception as error:  # of one of them
                await self._write_apart(batch or self._take_pending(), error)
            else:
                for pending in batch:
                    self._on_written(pending)

    async def _write_apart(self, batch: list[PendingWrite], error: Exception) -> None:
        """Write halves, quarters, in the end the single message at which it failed: its neighbours get by."""
        if len(batch) == 1:
            (culprit,) = batch
            log.error("message_not_written", channel=culprit.message.channel, **describe(error))
            if is_of_values(error):
                UNWRITABLE.labels(culprit.message.channel).inc()
                error = Unwritable("the database does not take this message")
            _fail(culprit, error)
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            try:
                await self._database.transact(lambda connection: self._write_all(connection, half))  # noqa: B023
            except DatabaseAway as away:
                for pending in half:
                    _fail(pending, away)
            except Exception as again:
                await self._write_apart(half, again)
            else:
                for pending in half:
                    self._on_written(pending)

    def _write_pending(self, connection: Connection, batch: list[PendingWrite]) -> None:
        batch += self._take_pending()  # as late as can be
        self._write_all(connection, batch)

    def _write_all(self, connection: Connection, batch: Sequence[PendingWrite]) -> None:
        for pending in batch:
            self._write_one(connection, pending)

    def _take_pending(self) -> list[PendingWrite]:
        taken = []
        with suppress(IndexError):
            while True:
                taken.append(self._pending.popleft())
        return taken


def _fail(pending: PendingWrite, error: Exception) -> None:
    if pending.consumer:
        pending.consumer(None)
    if not pending.written.done():
        pending.written.set_exception(error)
        pending.written.exception()  # whoever waited knows, or has left
