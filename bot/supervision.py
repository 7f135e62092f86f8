"""Background tasks that go on: whatever ends one, it is begun again, and whoever runs the bot sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from bot.backoff import pause_after
from bot.log import describe
from bot.metrics import TASK_RESTARTS

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a task is begun again; they double from one to the other."""

WELL_AFTER = 30.0
"""Seconds that a task has to go on before it is taken for well again."""

FINISHES = 10.0
"""Seconds that a task may take to finish what it has in hand."""


@dataclass(slots=True)
class _State:
    """failed: by what it ended last, and at which moment of time.monotonic."""

    failed: str | None = None
    failed_at: float = 0.0


class Supervisor:
    """Keeps the tasks of one service."""

    def __init__(self, *, first_pause: float = FIRST_PAUSE, well_after: float = WELL_AFTER) -> None:
        self._first_pause = first_pause
        self._well_after = well_after
        self._states: dict[str, _State] = {}

    @property
    def names(self) -> list[str]:
        """The tasks that there are."""
        return list(self._states)

    def problems(self) -> dict[str, str]:
        """By name, what ended the tasks that are down, or were a moment ago."""
        now = time.monotonic()
        return {
            name: state.failed
            for name, state in self._states.items()
            if state.failed and now - state.failed_at < self._well_after
        }

    @asynccontextmanager
    async def keep(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        stop: Callable[[], None] | None = None,
        *,
        may_end: bool = False,
    ) -> AsyncIterator[None]:
        """Work goes on while the context is open.

        Args:
            name: what it is called in /ready, the metrics and the log.
            work: may be begun anew after any failure.
            stop: asks it to end once it has finished what it has in hand; without, it is cancelled.
            may_end: it has done all that it was for when it returns; else that is a failure, too.
        """
        stopping = asyncio.Event()
        self._states[name] = _State()
        TASK_RESTARTS.labels(name)
        task = asyncio.create_task(self._keep(name, work, stopping, may_end=may_end), name=name)
        try:
            yield
        finally:
            stopping.set()
            if stop:
                stop()
                _, unfinished = await asyncio.wait({task}, timeout=FINISHES)
                if unfinished:
                    log.warning("not_finished", task=name)
            task.cancel()
            await asyncio.wait({task}, timeout=FINISHES)

    async def _keep(
        self, name: str, work: Callable[[], Awaitable[None]], stopping: asyncio.Event, *, may_end: bool
    ) -> None:
        state, failures = self._states[name], 0
        while not stopping.is_set():
            began = time.monotonic()
            try:
                await work()
            except Exception as error:  # whatever it is, it is that task's
                state.failed = type(error).__name__
                log.error("task_failed", task=name, **describe(error))
            else:
                if may_end or stopping.is_set():
                    return
                state.failed = "ended"
                log.error("task_ended", task=name)
            state.failed_at = time.monotonic()
            TASK_RESTARTS.labels(name).inc()
            if state.failed_at - began > self._well_after:
                failures = 0
            pause = pause_after(failures, first=self._first_pause, longest=LONGEST_PAUSE)
            failures += 1
            # It stays among the problems while it waits.
            state.failed_at += pause
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()
