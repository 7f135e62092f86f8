"""Hands over to the Rasa side what content/ teaches, and follows what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.content.library import Library
from bot.log import describe
from bot.rasa.client import Rasa, RasaUnavailable
from bot.rasa.status import RasaStatus
from bot.rasa.training_set import TrainingQuestions, training_files, training_questions, withdrawn

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at what is to be taught and at what became of it."""

AGAIN_SECONDS = 30.0
"""Seconds between two times that the same files are handed over, to a Rasa side that does otherwise."""

NEW_MOST = 3
"""Answers that are found by their words until a model knows them. Of 184 messages that ask whether something
is true and 250 that have no answer, one new answer takes 2 to 4 of a hundred, 14 of them a third."""


class ModelSync:
    """Keeps the Rasa side taught.

    Changed words of an answer train nothing by themselves: they are learned from with the next change
    of a question, or at the next start.

    wanted: the model of what was taught last, by its name.
    status: how the Rasa side was a moment ago; None if it was out of reach.
    """

    def __init__(
        self, rasa: Rasa, library: Callable[[], Library], leads: Callable[[], bool] = lambda: True
    ) -> None:
        """`leads`: whether this process, of several, is the one that teaches."""
        self._rasa = rasa
        self._library = library
        self._leads = leads
        self._seen: Library | None = None
        self._questions: TrainingQuestions = ()
        self._taught: TrainingQuestions | None = None
        self._again_at = 0.0
        self._known: frozenset[str] = frozenset()  # also while the Rasa side's trainer is away
        self.wanted: str | None = None
        self.status: RasaStatus | None = None

    def untaught(self) -> frozenset[str]:
        """The answers that are served and that the model does not know yet.

        None if they are more than a few, or if somebody put an older model back: what is no question for any
        of them would find one too often.
        """
        is_held = self.status is not None and self.status.is_held
        if not self._known or is_held:
            return frozenset()
        library = self._library()
        # One that supersedes another is found by that one's questions.
        known = {answer.id for answer in map(library.published, self._known) if answer}
        new = {answer.id for answer in library.taught()} - known - self._known
        return frozenset(new if len(new) <= NEW_MOST else ())

    async def run(self) -> None:
        """Teach until cancelled."""
        was_there = True
        while True:
            try:
                await self._look()
                was_there = True
            except RasaUnavailable as error:
                self.status = None
                if was_there:
                    log.info("rasa_not_there", reason=str(error))
                was_there = False
            except Exception as error:  # ours; what answers goes on answering
                log.error("not_taught", **describe(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        if self._leads():
            await self._teach()
        else:
            self._taught = None
        before, self.status = self.status or RasaStatus(), await self._rasa.status()
        if not self._leads():
            self.wanted = self.status.wanted
        if self.status.model:
            self._known = frozenset(self.status.answers)
        _tell(before, self.status)

    async def _teach(self) -> None:
        library = self._library()
        if library is not self._seen:  # working it out takes as long as all else of a look
            self._seen, self._questions = library, training_questions(library)
        wanted = self._questions
        now = asyncio.get_running_loop().time()
        if wanted != self._taught or (now >= self._again_at and self._is_otherwise()):
            if self._is_strange():
                log.error("taught_by_another", model=self.status.wanted if self.status else None)
            if self.status is None:
                await self._rasa.status()  # out of reach still, it needs no files: they take half a second
            files = await asyncio.to_thread(training_files, library)
            self.wanted = await self._rasa.teach(files, withdrawn=withdrawn(library))
            self._again_at = now + AGAIN_SECONDS
            if wanted != self._taught:
                log.info("questions_handed_over", version=library.version, model=self.wanted)
            self._taught = wanted

    def _is_strange(self) -> bool:
        """Whether the Rasa side wants another model than ours: somebody else has taught it."""
        return self.status is not None and self.status.wanted not in {None, self.wanted}

    def _is_otherwise(self) -> bool:
        """Whether the Rasa side neither answers with our model nor comes to it, without telling why."""
        status = self.status
        if status is None or self._is_strange():
            return status is not None
        has_reason = status.training or status.failed or status.refused or status.is_held
        return status.model != self.wanted and not has_reason


def _tell(before: RasaStatus, now: RasaStatus) -> None:
    """Log what is new."""
    if now.model and now.model != before.model:
        log.info("model_live", model=now.model)
    if now.training and (before.training is None or now.training.step != before.training.step):
        log.info("training", model=now.training.model, step=now.training.step)
    if now.failed and now.failed != before.failed:
        log.error("training_failed", model=now.failed.model, reason=now.failed.reason)
    if now.refused and now.refused != before.refused:
        log.warning(
            "model_refused",
            model=now.refused.model,
            accuracy_before=now.refused.accuracy_before,
            accuracy=now.refused.accuracy,
            broken=[broken.question for broken in now.refused.broken],
        )
