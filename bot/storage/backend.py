"""What SQLite and PostgreSQL have in common here: what a transaction is, and how long things may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

R = TypeVar("R")
Work = Callable[[Connection], R]
"""What is done in one transaction. It may be called in another thread, and again after a deadlock."""

WITHIN = 4.0
"""Seconds that a transaction may take, waiting included; nobody who waits for us waits longer for less."""

CONNECT_WITHIN = 3
"""Seconds for a new connection to PostgreSQL, and for a lock in either database."""


class Backend(Protocol):
    """One of the two databases."""

    def submit(self, work: Work[R], within: float) -> asyncio.Future[R]:
        """Begin a transaction; the future holds what `work` returns, or how it failed."""

    def give_up(self) -> None:
        """Hear that a transaction was not done in time: those that begin now must not fare the same."""

    async def close(self) -> None:
        """Let go of the database."""
