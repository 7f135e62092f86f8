"""Hands over to the Rasa side what content/ teaches, whenever that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.content.library import Library
from bot.rasa.client import Rasa, RasaUnavailable
from bot.rasa.export import Lesson, lesson, training_files

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at what is to be taught, and between tries to hand it over."""

READY_SECONDS = 30.0
"""Seconds between two looks whether the Rasa side still has a model; one without may be a new one."""


class Teacher:
    """Keeps the Rasa side taught.

    Changed words of an answer train nothing by themselves: they are learned from, but with the
    next change of a question, or the next start.
    """

    def __init__(self, rasa: Rasa, library: Callable[[], Library]) -> None:
        self._rasa = rasa
        self._library = library
        self._taught: Lesson | None = None

    async def run(self) -> None:
        """Teach until cancelled."""
        looks = 0
        while True:
            library = self._library()
            wanted = lesson(library)
            if looks % (READY_SECONDS / LOOK_SECONDS) == 0 and not await self._rasa.is_ready():
                self._taught = None
            if wanted != self._taught:
                await self._teach(library, wanted)
            looks += 1
            await asyncio.sleep(LOOK_SECONDS)

    async def _teach(self, library: Library, wanted: Lesson) -> None:
        files = await asyncio.to_thread(training_files, library)
        try:
            await self._rasa.teach(files)
        except RasaUnavailable as error:
            log.info("rasa_not_there_yet", reason=str(error))
        else:
            self._taught = wanted
            log.info("questions_handed_over", answers=len(wanted))
