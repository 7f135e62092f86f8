"""Transactions that are never left half-way."""

from __future__ import annotations

import asyncio
import datetime
import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

Clock = Callable[[], datetime.datetime]

S = TypeVar("S", bound="Store")
P = ParamSpec("P")
R = TypeVar("R")


def utc_now() -> datetime.datetime:
    """The time; tests bring another clock."""
    return datetime.datetime.now(datetime.UTC)


class Store:
    """What the inbox and the outbox have in common: a database, a clock, and an orderly end."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._at_work: set[asyncio.Task[Any]] = set()

    async def settle(self) -> None:
        """Wait until what is at work in the database has ended."""
        await asyncio.gather(*self._at_work, return_exceptions=True)


def uninterrupted(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """A method of a store that runs to its end even if whoever waits for it is cancelled.

    A transaction that is cancelled half-way would take its connection with it, and aiosqlite may
    then wait for ever for a thread that has ended. `settle` waits for those that are left.
    """

    @functools.wraps(method)
    async def shielded(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        task = asyncio.create_task(method(store, *args, **kwargs))
        store._at_work.add(task)
        task.add_done_callback(store._at_work.discard)
        return await asyncio.shield(task)

    return shielded
