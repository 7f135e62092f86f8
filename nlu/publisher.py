"""Keeps the newest model answering that its validation does not speak against.

It stands between the two rooms: what is taught goes to the trainer, and the model that comes of it to the
runner.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from dataclasses import asdict, replace
from typing import Any

from nlu import models
from nlu.background import Background
from nlu.console import say
from nlu.runner.rasa_process import NotReady
from nlu.runner.runner import Runner
from nlu.trainer.fingerprint import fingerprint
from nlu.trainer.taught import Taught, export, exported
from nlu.trainer.trainer import Trainer, judged
from nlu.trainer.training_process import TrainingFailed
from nlu.trainer.validation import vanished

FIRST_SECONDS = 5
"""How long the bot may take to hand over what content/ teaches, before what was kept is learned instead."""

PAUSE_MOST = 30.0
"""Seconds between two tries at something that fails."""


class Publisher:
    """Publishes what is taught: has a model of it made, unless one is kept, and has it answer.

    wanted: the model of what is taught now; None if nothing was taught yet.
    failed: the last model that could not be made, and why.
    refused: the last one that its validation spoke against, unless that was overridden.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._trainer = Trainer()
        self._taught = Taught(exported())
        self.wanted = fingerprint(self._taught.files) if self._taught.files else None
        self.failed: dict[str, str | None] | None = None
        self.refused: dict[str, Any] | None = None
        self._is_handed_over = asyncio.Event()
        self._changed = asyncio.Event()
        self._changed.set()
        self._background = Background()
        runner.newest, runner.on_loss = self.wanted, self._changed.set

    def start(self) -> None:
        """Begin to publish."""
        self._background.start(self._keep_published())

    async def stop(self) -> None:
        """End what is under way, a training as well."""
        await self._background.cancel()

    def teach(self, taught: Taught) -> str:
        """Publish this from now on; the name of its model."""
        if taught.files == self._taught.files and taught.override is None:
            # An override stays with the files that it was given for.
            taught = replace(taught, override=self._taught.override)
        self._taught = taught
        self._trainer.allow_retry()
        self.wanted = self._runner.newest = fingerprint(taught.files)
        self.failed = self.refused = None
        self._is_handed_over.set()
        self._changed.set()
        return self.wanted

    def put_back(self, model: models.Model) -> None:
        """Have a kept model answer until something else is taught."""
        self._taught = replace(self._taught, override=None)  # a reason given before is no reason now
        self._background.start(self._hold(model, fingerprint(self._taught.files)))

    def status(self) -> dict[str, Any]:
        """What GET /status tells.

        model, since: the one that answers, and since when. answers: the ids that it knows. training: the one
        that is being made or loaded.
        is_held: somebody put a model back, which answers until something else is taught.
        """
        stage = self._runner.loading or self._trainer.stage
        return {
            "model": self._runner.model,
            "since": self._runner.since,
            "answers": _known_to(self._runner.model) if self._runner.model else (),
            "wanted": self.wanted,
            "training": stage.as_json() if stage else None,
            "failed": self.failed,
            "refused": self.refused,
            "is_held": self.wanted is not None and models.is_held_against(self.wanted),
        }

    async def _keep_published(self) -> None:
        """Publish what is taught now; what is taught meanwhile is next."""
        pause = 1.0
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._publish()
                pause = 1.0
            except Exception as error:  # whatever it is, what answers goes on, and this does
                say(str(error) if isinstance(error, (NotReady, TrainingFailed)) else repr(error))
                if not isinstance(error, TrainingFailed) or error.is_accident:
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), pause)
                    self._changed.set()
                    pause = min(2 * pause, PAUSE_MOST)

    async def _publish(self) -> None:
        # A model of other code may not load; that must not keep the new one from being made.
        with contextlib.suppress(NotReady):
            await self._runner.resume()
        # At the start the bot is about to hand over what may be newer than what is kept here.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._is_handed_over.wait(), FIRST_SECONDS)
        taught = self._taught
        wanted = fingerprint(taught.files)
        if not taught.files or models.is_held_against(wanted):
            return
        # Kept for a start without the bot, whether or not it is new.
        await asyncio.to_thread(export, taught.files)
        kept = models.find(wanted)
        model = kept or await self._make(wanted)
        if models.is_held_against(wanted):
            return
        override = self._taught.override if self._taught.files == taught.files else taught.override
        self.failed = self.refused = None
        live = models.find(self._runner.meant) if self._runner.meant else None
        gone = vanished(live.answers, model.answers, taught.withdrawn) if live else []
        is_refused = model.is_refused or bool(gone)
        if is_refused and override is None:
            self._refuse(model, gone)
            if self._runner.meant:
                return
        try:
            await self._runner.change_over(model, override=override if is_refused else None)
        except NotReady as error:
            if kept or not error.is_model:
                raise
            self.failed = {"model": wanted, "reason": str(error), "advice": None}
            raise TrainingFailed(f"A new model cannot be used: {error}", is_accident=False) from error

    async def _make(self, name: str) -> models.Model:
        try:
            validation = await self._trainer.train(name)
        except TrainingFailed as failed:
            self.failed = {"model": name, "reason": str(failed), "advice": failed.advice}
            raise
        return await asyncio.to_thread(judged, name, validation, self._runner.meant)

    def _refuse(self, model: models.Model, gone: list[str]) -> None:
        """Tell what speaks against a model. gone: the answers that it lacks, if that does."""
        verdict = model.verdict or models.ValidationVerdict(0, None)
        self.refused = {"model": model.name, **asdict(verdict), "vanished": gone}
        for broken in verdict.broken:
            say(f"{broken.question!r} is for {broken.expected}, but got {broken.got}")
        if gone:
            say(f"it lacks answers that nobody withdrew: {', '.join(gone)}")
        say(
            f"model {model.name} is refused"
            if self._runner.meant
            else f"model {model.name} is served: there is no other"
        )

    async def _hold(self, model: models.Model, against: str) -> None:
        """Put a kept model back; a training that is under way goes on, for later."""
        with contextlib.suppress(NotReady):
            await self._runner.change_over(model, held_against=against)
            self.refused = None


@functools.lru_cache(1)  # it is asked for every second
def _known_to(name: str) -> tuple[str, ...]:
    """The ids of the answers that a kept model knows; none if it is not kept."""
    model = models.find(name)
    return model.answers if model else ()
