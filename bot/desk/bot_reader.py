"""Reads the bot's own database for the editors' pages, and writes there what the staff do."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import structlog
from sqlalchemy import make_url

from bot.storage.backend import Work
from bot.storage.database import Database, is_sqlite
from bot.storage.errors import DatabaseAway, DatabaseUnusable
from bot.storage.schema import opened

log = structlog.get_logger(__name__)

R = TypeVar("R")

CHANGE_WITHIN = 60.0
"""Seconds that a change may take: queueing news for everybody."""


class BotReader:
    """The bot's database, opened when it is first asked and again after it was out of reach."""

    def __init__(self, url: str) -> None:
        """`url` is the bot's DATABASE_URL."""
        self._url = url
        self._file = Path(make_url(url).database or "") if is_sqlite(url) else None
        self._database: Database | None = None

    async def read(self, work: Work[R]) -> R | None:
        """What `work`, which changes nothing, finds there; None if the database cannot be read now."""
        if self._database is None and self._file and not self._file.exists():
            return None
        try:
            if self._database is None:
                self._database = await opened(self._url)
            return await self._database.transact(work)
        except (DatabaseUnusable, DatabaseAway) as error:
            log.warning("bot_database_not_read", reason=str(error))
            await self.close()
            return None

    async def change(self, work: Work[R]) -> R:
        """Do something there, in one transaction. Raises DatabaseAway: it cannot be done now."""
        if self._database is None and self._file and not self._file.exists():
            raise DatabaseAway("the bot was never started")
        try:
            if self._database is None:
                self._database = await opened(self._url)
            return await self._database.transact(work, within=CHANGE_WITHIN)
        except DatabaseUnusable as error:
            raise DatabaseAway(str(error)) from error
        except DatabaseAway:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the database."""
        database, self._database = self._database, None
        if database:
            await database.close()
