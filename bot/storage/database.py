"""The one way to the database: a transaction is a plain function, and has a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import shutil
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.clock import SteadyClock, utc_now
from bot.storage.backend import CONNECT_WITHIN, WITHIN, Backend, R, Work
from bot.storage.errors import DatabaseAway, is_away, unusable
from bot.storage.postgresql import PostgresqlBackend, end_cut_off
from bot.storage.sqlite import SqliteBackend, empty_log

log = structlog.get_logger(__name__)

EMPTY_WITHIN = 3.0
"""Seconds to wait for readers before SQLite's log cannot be emptied for now."""


class Database:
    """The database of a DATABASE_URL. SQLite is for one bot process only; nothing is opened yet.

    clock: the stores' common one.
    """

    def __init__(self, url: str) -> None:
        """Raises DatabaseUnusable: its file or its driver is not there."""
        self.url = make_url(url)
        self.is_sqlite = is_sqlite(self.url)
        self.clock = SteadyClock()
        self._at_work: set[asyncio.Future[Any]] = set()
        try:
            self._backend: Backend = (
                SqliteBackend(self.url) if self.is_sqlite else PostgresqlBackend(self.url)
            )
        except (OSError, ImportError, SQLAlchemyError) as error:
            raise unusable(self.url, error) from error

    async def transact(self, work: Work[R], *, within: float = WITHIN) -> R:
        """Do something in one transaction. It runs to its end even if whoever waits for it is cancelled.

        Args:
            work: what to do; its exceptions undo it and come out here.
            within: the seconds that it may take.

        Raises:
            DatabaseAway: it could not be done, or not in time; then it may still have been.
        """
        doing = self._backend.submit(work, within)
        self._at_work.add(doing)
        doing.add_done_callback(self._is_done)
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(doing)
        except asyncio.CancelledError:  # whoever waited has left; it has its time all the same
            asyncio.get_running_loop().call_later(within, doing.cancel)
            raise
        except Exception as error:
            if is_away(error):
                if not doing.done():
                    self._backend.give_up()
                doing.cancel()
                reason = str(error) if isinstance(error, DatabaseAway) else type(error).__name__
                raise DatabaseAway(reason) from error
            raise

    def _is_done(self, doing: asyncio.Future[Any]) -> None:
        self._at_work.discard(doing)
        if not doing.cancelled():
            doing.exception()  # whoever waited knows, or has left

    async def settle(self) -> None:
        """Wait until what is at work has ended, but no longer than a transaction may take."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=WITHIN)

    async def close(self) -> None:
        """Let go of the database, once what is at work there has ended."""
        await self.settle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                await self._backend.close()

    async def set_clock(self) -> None:
        """Let the clock begin at the database's time, which all processes share."""
        self.clock.set(await self._time())

    async def follow_clock(self) -> None:
        """Let the clock follow the database's."""
        self.clock.follow(await self._time())

    async def _time(self) -> datetime.datetime:
        if self.is_sqlite:
            return utc_now()
        return await self.transact(lambda connection: connection.execute(_NOW).scalar_one())

    async def end_cut_off(self) -> None:
        """Let nothing stay locked by a process that was cut off."""
        if not self.is_sqlite:
            await self.transact(end_cut_off)

    async def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log, in which overwritten pages stay readable.

        Returns:
            Whether it is empty: not while somebody else reads the database.
        """
        if not self.is_sqlite:
            return True
        deadline = asyncio.get_running_loop().time() + EMPTY_WITHIN
        while not await asyncio.to_thread(empty_log, str(self.url.database)):
            if asyncio.get_running_loop().time() > deadline:
                log.warning("database_log_not_empty", reason="somebody reads the database: a backup?")
                return False
            await asyncio.sleep(0.05)  # between two tries
        return True

    def free_bytes(self) -> int | None:
        """The free space where the database is; None if that is another server's."""
        if not self.is_sqlite:
            return None
        return shutil.disk_usage(Path(str(self.url.database)).parent).free


_NOW = select(func.clock_timestamp())


def is_sqlite(url: str | URL) -> bool:
    """Whether the address is of an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"
