"""Short work that nobody waits for and that may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from bot.log import describe

log = structlog.get_logger(__name__)


class BackgroundTasks:
    """What is under way in the background."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin some work; how it fails is logged."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._is_done)
        return task

    async def end(self) -> None:
        """Cancel what is under way, and wait until it has ended."""
        for task in list(self._under_way):
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _is_done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("telegram_errand_failed", **describe(error))
