"""Makes one model after another, and keeps what is known of each."""

from __future__ import annotations

import signal
import time

from nlu import models
from nlu.console import say
from nlu.progress import Progress, Stage, Step
from nlu.trainer.training_process import TrainingFailed, train
from nlu.trainer.validation import Validation, judge

TRY_ARITHMETIC = (
    "The arithmetic does not fit this processor: delete build/processor.json and start again, or set "
    "OPENBLAS_CORETYPE=Sandybridge, which is slower and safer."
)
TRY = {
    signal.SIGKILL: "The machine is probably short of memory: a training takes up to 3 GB.",
    **dict.fromkeys(
        (signal.SIGSEGV, signal.SIGILL, signal.SIGBUS, signal.SIGFPE, signal.SIGABRT), TRY_ARITHMETIC
    ),
}
"""What to do about trainings that are ended by a signal."""


class Trainer:
    """Trains one model at a time.

    stage: where the training is; None between two trainings.
    """

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self._died: tuple[str, Step] | None = None  # which training was ended by a signal last, in which step

    def allow_retry(self) -> None:
        """Try again what was ended by a signal twice."""
        self._died = None

    async def train(self, name: str) -> Validation:
        """Make the model of what is in the directory, under this name.

        Raises:
            TrainingFailed: none came of it. The second time that a signal ends the same training in the same
                step, it is no accident.
        """
        started = time.monotonic()
        say(f"training model {name}; the first time takes minutes, later ones less")

        def told(progress: Progress) -> None:
            self.stage = Stage(name, progress, started)

        told(Progress("reading", 0))
        try:
            return await train(name, told)
        except TrainingFailed as failed:
            if twice := self._twice(name, failed):
                raise twice from failed
            raise
        finally:
            self.stage = None

    def _twice(self, name: str, failed: TrainingFailed) -> TrainingFailed | None:
        """The failure with its advice, if a signal ended the same training before, in the same step."""
        if failed.killed_by is None:
            return None
        step = self.stage.progress.step if self.stage else "reading"
        died, self._died = self._died, (name, step)
        if died != self._died:
            return None
        reason = (
            f"The training was ended twice by {failed.killed_by.name} while it was {step}. It is tried again"
            " when a question changes or `python -m bot publish` asks for it."
            f" {TRY.get(failed.killed_by, '')}"
        ).strip()
        return TrainingFailed(reason, is_accident=False, advice=reason)


def judged(name: str, validation: Validation, live: str | None) -> models.Model:
    """What is known of a new model, kept: its validation, compared with that of the live model (by name)."""
    before = models.find(live) if live else None
    verdict = judge(validation.predictions, before.right if before else None)
    say(f"model {name} is trained: {verdict.accuracy:.1%} of the validation's questions are right")
    return models.keep(name, validation.right, verdict, validation.answers)
