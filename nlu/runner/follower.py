"""Keeps a runner on the model that a trainer elsewhere has made known in the directory that they share."""

from __future__ import annotations

import asyncio
from typing import Any

from nlu import models
from nlu.background import Background
from nlu.console import say
from nlu.runner.rasa_process import NotReady
from nlu.runner.runner import PAUSE_MOST, Runner

LOOK_SECONDS = 0.5
"""Seconds between two looks at what is to answer."""


class Follower:
    """Follows, and writes nothing there.

    failed: the last model that this runner could not use, and why.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._background = Background()
        self.failed: dict[str, str | None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._background.start(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        await self._background.cancel()

    def status(self) -> dict[str, Any]:
        """What GET /status tells; as of `nlu.publisher.Publisher.status`, of this runner."""
        live = models.live()
        return {
            "model": self._runner.model,
            "since": self._runner.since,
            "wanted": live.name if live else None,
            "training": self._runner.loading.as_json() if self._runner.loading else None,
            "failed": self.failed,
            "refused": None,
            "is_held": False,
            "follows": True,
        }

    async def _follow(self) -> None:
        pause = LOOK_SECONDS
        while True:
            live = await asyncio.to_thread(models.live)
            if live is None or live.name == self._runner.model:
                pause = LOOK_SECONDS
            else:
                pause = LOOK_SECONDS if await self._change_over(live) else min(2 * pause, PAUSE_MOST)
            await asyncio.sleep(pause)

    async def _change_over(self, live: models.Live) -> bool:
        """Have the model answer that is to; whether it does. Until it does, the one before goes on."""
        model = await asyncio.to_thread(models.find, live.name)
        if model is None:  # it is being written, or is gone again
            return False
        try:
            await self._runner.take_over(model)
        except NotReady as error:
            say(str(error))
            self.failed = {"model": live.name, "reason": str(error), "advice": None}
            return False
        self._runner.since, self.failed = models.now(), None
        return True
