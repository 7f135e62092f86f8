"""What the inbox and the outbox have in common: the database, and a clock that does not jump."""

from __future__ import annotations

from bot.domain.clock import Clock
from bot.storage.database import Database


class Store:
    """What the inbox and the outbox have in common: a database and a clock."""

    def __init__(self, database: Database, clock: Clock | None) -> None:
        self._database = database
        self._clock = clock or database.clock
