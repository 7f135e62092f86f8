"""How much is taken from whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bot.channels.opaque import OpaqueNames
from bot.storage import allowance
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway

MINUTE = 60.0

PATIENCE = 0.25
"""Seconds for the database to tell what was taken elsewhere; a slow one holds nobody up."""


class Throttle:
    """At most so many acts a minute under each name: a leaky bucket that a minute's worth fills.

    Of a name one number is kept, the time at which its bucket will be empty; what is empty is
    dropped once a minute. Neither the cost of an act nor the memory grows with who was here before.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """per_minute: how many; 0: no limit."""
        self._each = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._empty_at: dict[str, float] = {}
        self._tidied_at = clock()

    def take(self, name: str) -> float:
        """Count an act. Returns 0, or the seconds until it would be let through; then it does not count."""
        if not self._each:
            return 0.0
        now = self._clock()
        if now - self._tidied_at >= MINUTE:
            self._empty_at = {name: at for name, at in self._empty_at.items() if at > now}
            self._tidied_at = now
        empty_at = max(self._empty_at.get(name, now), now) + self._each
        # Without the half, rounding would at times take the last of a full bucket for one too many.
        if (too_full := empty_at - now - MINUTE) > self._each / 2:
            return too_full
        self._empty_at[name] = empty_at
        return 0.0


class SharedThrottle:
    """A throttle of all processes together, where they share a PostgreSQL; else of this one."""

    def __init__(self, kind: str, per_minute: int, database: Database, opaque: OpaqueNames) -> None:
        """`kind` keeps the names of one throttle from those of another; `opaque` hides them."""
        self._kind = kind
        self._each = MINUTE / per_minute if per_minute else 0.0
        self._here = Throttle(per_minute)
        self._database = None if database.is_sqlite else database
        self._opaque = opaque

    async def take(self, name: str) -> float:
        """As `Throttle.take`. While the database is away, what was taken here counts."""
        wait = self._here.take(name)
        if wait or not self._each or self._database is None:
            return wait
        sender = self._opaque(f"{self._kind}:{name}")
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._database.transact(
                    lambda connection: allowance.take(connection, sender, self._each, MINUTE)
                )
        except (DatabaseAway, TimeoutError):
            return 0.0
