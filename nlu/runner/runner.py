"""Has one model answer, and changes over to another without losing a message.

A change of models is a change of processes: the new one answers before it gets the messages, the old one
ends when its last reply is out. A process that ends or hangs is started again; messages wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import aiohttp

from nlu import models
from nlu.background import Background
from nlu.console import say
from nlu.progress import Progress, Stage
from nlu.runner.rasa_process import ANSWER_SECONDS, NotReady, RasaProcess

WAIT_SECONDS = 15
"""How long a message waits for a Rasa process that is being started."""

PAUSE_MOST = 30.0
"""Seconds between two tries to start a process."""


class Runner:
    """The Rasa processes of one machine.

    meant: the model that is to answer, also while its process is started; None if none can be used.
    since: since when it answers, as an ISO time.
    loading: the model that is being started to take over.
    newest: the model of the newest training data and of this code. If it cannot be used its file is spoilt;
        any other may just be of other code.
    on_loss: called when another model answers than the one that did, or none.
    http: of the requests to the processes.
    """

    http: aiohttp.ClientSession

    def __init__(self, *, owns_models: bool = True) -> None:
        """`owns_models`: files that are spoilt are set aside; not where they are a trainer's elsewhere."""
        self._owns_models = owns_models
        self.meant: str | None = None
        self.since: str | None = None
        self.loading: Stage | None = None
        self.newest: str | None = None
        self.on_loss: Callable[[], None] = lambda: None
        self._rasa: RasaProcess | None = None
        self._is_there = asyncio.Event()
        self._changing = asyncio.Lock()
        self._background = Background()

    async def open(self) -> None:
        """To be called in the event loop, before anything else."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        self.http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        """End the process once its last reply is out."""
        await self._background.cancel()
        if self._rasa:
            await self._rasa.stop()
        await self.http.close()

    @property
    def model(self) -> str | None:
        """The model that answers; None if none does."""
        return self._rasa.model if self._rasa else None

    async def process(self) -> RasaProcess | None:
        """The process that answers. If one is being started, this waits for it, WAIT_SECONDS at most."""
        if self._rasa is None and self._changing.locked():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._is_there.wait(), WAIT_SECONDS)
        return self._rasa

    async def resume(self) -> None:
        """Have the model answer that answered last, or the one before it if that one cannot be used. Nothing
        is done if one is meant to answer already.

        Raises:
            NotReady: none that is kept can be used; or something else is in the way, and the model is tried
                again until it answers.
        """
        async with self._changing:
            if self.meant is None and (live := models.live()):
                try:
                    self._take(await self._some_process(live.name))
                except NotReady as error:
                    if not error.is_model:
                        say(str(error))
                        self.meant = live.name
                        self._background.start(self._try_again(live.name))
                    raise

    async def change_over(
        self, model: models.Model, *, override: str | None = None, held_against: str | None = None
    ) -> None:
        """Have a model answer, and remember that.

        Args:
            model: which.
            override: why it goes live in spite of its validation.
            held_against: the training data, by its fingerprint, in spite of which it is put back.

        Raises:
            NotReady: it does not start; the one that answers goes on.
        """
        is_new = await self.take_over(model)
        if is_new or held_against:
            self.since = models.went_live(model, override=override, held_against=held_against).since

    async def take_over(self, model: models.Model) -> bool:
        """Have a model answer, as `change_over`, and remember nothing; False if it does already.

        Raises:
            NotReady: it does not start; the one that answers goes on.
        """
        self.loading = Stage(model.name, Progress("loading", 0), time.monotonic())
        try:
            return await self._replace(model.name)
        finally:
            self.loading = None

    async def _replace(self, name: str) -> bool:
        """A new process takes over once it has answered; the old one ends when its last reply is out.

        Returns:
            False if the model answers already.

        Raises:
            NotReady: the new one does not start.
        """
        async with self._changing:
            if self._rasa and self._rasa.model == name:
                return False
            say(f"loading model {name}")
            new, old = await self._started(name), self._rasa
            self._take(new)
        if old:
            self._background.start(old.stop())
        return True

    async def _started(self, name: str) -> RasaProcess:
        """A process with a model. A file that is spoilt is set aside, so that the model is made anew.

        Raises:
            NotReady: it does not start.
        """
        kept = models.find(name)
        is_damaged = await asyncio.to_thread(models.is_damaged, kept) if kept else False
        if is_damaged:
            if self._owns_models:
                models.set_aside(name)
            raise NotReady(f"the file of model {name} is damaged, and set aside", is_model=True)
        try:
            return await RasaProcess.start(name, self.http)
        except NotReady as error:
            if error.is_model and name == self.newest and self._owns_models:
                models.set_aside(name)
            raise

    async def _some_process(self, name: str) -> RasaProcess:
        """A process with a model, or, if that cannot be used, with the one that answered last before it and
        can. What else may be in the way (the database, the encoder, a full machine) would be in the way of
        each of them, or pass before an older one answers in its place.

        Raises:
            NotReady: none can be used, which is_model tells; or something else is in the way.
        """
        others = sorted(models.kept(), key=lambda model: model.live_at or "", reverse=True)
        for candidate in [name, *(model.name for model in others if model.name != name)]:
            if models.find(candidate):
                say(f"loading model {candidate}")
                try:
                    return await self._started(candidate)
                except NotReady as error:
                    if not error.is_model:
                        raise
                    say(str(error))
        raise NotReady("no model that is kept can be used", is_model=True)

    def _take(self, rasa: RasaProcess) -> None:
        live = models.live()
        self.since = live.since if live and live.name == rasa.model else models.now()
        self._rasa, self.meant = rasa, rasa.model
        self._is_there.set()
        self._background.start(self._watch(rasa))
        say(f"model {rasa.model} answers")

    async def _watch(self, rasa: RasaProcess) -> None:
        """Start a process anew if it ends or hangs while it is the one that answers."""
        await rasa.until_ended(self.http)
        if self._rasa is not rasa:
            return
        say("Rasa ended; it is started again")
        self._rasa = None
        self._is_there.clear()
        await self._try_again(rasa.model)

    async def _try_again(self, name: str) -> None:
        """Start a process with a model, or with one before it, again and again until one answers."""
        pause = 1.0
        while self._rasa is None:
            async with self._changing:
                if self._rasa is not None:
                    return
                try:
                    self._take(await self._some_process(name))
                    if self.meant != name:
                        self.on_loss()  # it may be made anew
                except NotReady as error:
                    say(str(error))
                    self.meant = None if error.is_model else self.meant
                    self.on_loss()
            await asyncio.sleep(0 if self._rasa else pause)
            pause = min(2 * pause, PAUSE_MOST)
