"""The event loop of a process that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

THREADS_MOST = 200
"""Threads beside the loop, made when they are needed. A name that is looked up holds one, for half a
minute where no DNS server answers. Of the few that Python allows (the processors and four) a database that
is away for seconds holds all; what has a name to look up, or is done in a thread, then waits behind them."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, with threads enough."""
    with asyncio.Runner(loop_factory=_new) as runner:
        return runner.run(main)


def _new() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS_MOST, "beside"))
    return loop
