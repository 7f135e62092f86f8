"""A training in a process of its own, as the server sees it from outside."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from nlu.processes import ForkedProcess, pipe
from nlu.progress import Progress
from nlu.trainer.validation import Validation

TRAINING_SECONDS = 3600


class TrainingFailed(Exception):
    """No model came of a training; says why.

    is_accident: the same data may well make one next time.
    killed_by: what ended its process, if something did.
    advice: what to do, where it is not tried again.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_accident: bool,
        killed_by: signal.Signals | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.is_accident = is_accident
        self.killed_by = killed_by
        self.advice = advice


async def train(name: str, told: Callable[[Progress], None]) -> Validation:
    """Make the model of what is in the directory, and put the validation's questions to it.

    Raises:
        TrainingFailed: none came of it.
    """
    ours, theirs = pipe()
    process = ForkedProcess(_train, theirs, name)
    with contextlib.closing(ours):
        try:
            await process.start()
            theirs.close()
            return await asyncio.wait_for(_validation(ours, told), TRAINING_SECONDS)
        except EOFError as error:
            await process.ended.wait()
            raise TrainingFailed(
                f"The training did not finish: {process.how_it_ended}.",
                is_accident=True,
                killed_by=process.killed_by,
            ) from error
        except asyncio.TimeoutError as error:
            raise TrainingFailed("The training took too long.", is_accident=True) from error
        finally:
            process.kill()
            await process.ended.wait()


async def _validation(training: Connection, told: Callable[[Progress], None]) -> Validation:
    while True:
        message = await asyncio.to_thread(training.recv)
        if isinstance(message, Progress):
            told(message)
        elif isinstance(message, str):
            raise TrainingFailed(message, is_accident=False)
        else:
            return message  # type: ignore[no-any-return]


def _train(sender: Connection, name: str) -> None:
    from nlu.trainer.train import run  # which imports Rasa: that does not belong in the server itself

    run(sender, name)
