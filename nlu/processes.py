"""The processes of the Rasa side: one Rasa with one model each, and trainings.

Each is forked by the standard library's fork server, which has everything imported (`nlu.loaded`): the
trainer is warm and the next Rasa process is at hand without one standing by, and none keeps memory that
another one needs. None outlives the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp

from nlu import models, trust
from nlu.progress import Progress
from nlu.proof import Proof

READY_SECONDS = 120
ANSWER_SECONDS = 20
TRAINING_SECONDS = 3600

LOOK_SECONDS = 2
HANGS_SECONDS = 10
"""A process that has answered nothing for so long is put a question, and so long that may take. A message
that waits in vain meanwhile is put to the next process within the 20 seconds that the bot waits."""

WITHOUT_MODEL = 3
"""The exit status of a Rasa process that cannot use its model."""

_context = multiprocessing.get_context("forkserver")
# The main module, so that none of the processes imports it again.
_context.set_forkserver_preload(["__main__", "nlu.loaded"])
_one_at_a_time = threading.Lock()


class NotReady(Exception):
    """A Rasa process ended, or was not ready in time. is_model: because its model cannot be used."""

    def __init__(self, reason: str, *, is_model: bool = False) -> None:
        super().__init__(reason)
        self.is_model = is_model


class TrainingFailed(Exception):
    """No model came of a training; says why. is_accident: the same data may well make one next time.
    killed_by: what ended its process, if something did."""

    def __init__(self, reason: str, *, is_accident: bool, killed_by: signal.Signals | None = None) -> None:
        super().__init__(reason)
        self.is_accident = is_accident
        self.killed_by = killed_by


class Process:
    """A forked process. ended: set once it has."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self._process = _context.Process(target=_with_parent, args=(target, *arguments), daemon=True)
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Fork it; the first time that takes the seconds that the imports take."""
        try:
            await asyncio.to_thread(self._start)
        except BaseException:
            self.ended.set()
            raise
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, self._has_ended, loop)

    def _start(self) -> None:
        with _one_at_a_time:
            self._process.start()

    def _has_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._process.sentinel)
        self._process.join()
        self.ended.set()

    @property
    def how_it_ended(self) -> str:
        """In words."""
        if self.killed_by:
            return f"it was ended by {self.killed_by.name}"
        return f"it ended with status {self.status}"

    @property
    def status(self) -> int | None:
        """Its exit status, negative after a signal; None while it runs."""
        return self._process.exitcode

    @property
    def killed_by(self) -> signal.Signals | None:
        """The signal that ended it, if one did."""
        return signal.Signals(-self.status) if self.status and self.status < 0 else None

    def terminate(self) -> None:
        """Have it end in its own time."""
        if not self.ended.is_set():
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        if not self.ended.is_set():
            self._process.kill()


def _with_parent(target: Callable[..., None], *arguments: Any) -> None:
    """Run `target`, and not a moment longer than the server lives."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 only the fork server calls this
    # Forked processes share one command line; `ps` and `top` show them by this name.
    Path("/proc/self/comm").write_text(f"rasa{target.__name__}", encoding="ascii")

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    target(*arguments)


class RasaProcess:
    """A running Rasa with one model."""

    def __init__(self, model: str) -> None:
        self.model = model
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._process = Process(_serve, str(models.file_of(model)), port)
        self.ended = self._process.ended
        self._in_flight = 0
        self._answered = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    async def start(cls, model: str, http: aiohttp.ClientSession) -> RasaProcess:
        """Start a process and wait until it has read and answered a message.

        Raises:
            NotReady: it ended or did not get ready in time.
        """
        rasa = cls(model)
        try:
            await rasa._process.start()
            await asyncio.wait_for(rasa._until_ready(http), READY_SECONDS)
        except asyncio.TimeoutError as error:
            rasa._process.kill()
            raise NotReady(f"Rasa was not ready in time with model {model}") from error
        except BaseException:
            rasa._process.kill()
            raise
        return rasa

    async def _until_ready(self, http: aiohttp.ClientSession) -> None:
        while not self.ended.is_set():
            with contextlib.suppress(aiohttp.ClientError):
                read = await self._asked(http, "parse", {"text": "Xin chào"})
                said = await self._asked(http, "webhook", {"sender": "readiness", "message": "/help"})
                if read and said:
                    return
            await asyncio.sleep(0.05)
        reason = f"Rasa does not start with model {self.model}: {self._process.how_it_ended}"
        raise NotReady(reason, is_model=self._process.status == WITHOUT_MODEL)

    async def until_ended(self, http: aiohttp.ClientSession) -> None:
        """Returns when it has ended; if it hangs, it is killed."""
        while not self.ended.is_set():
            answered = self._answered
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.ended.wait(), LOOK_SECONDS)
            if self._answered == answered and not self.ended.is_set():
                with contextlib.suppress(asyncio.TimeoutError, aiohttp.ClientError):
                    await asyncio.wait_for(self._asked(http, "parse", {"text": "Xin chào"}), HANGS_SECONDS)
                    continue
                if self._answered == answered:
                    self._process.kill()
                    await self.ended.wait()

    async def _asked(self, http: aiohttp.ClientSession, path: str, body: dict[str, str]) -> bool:
        url, headers = f"{self.address}/webhooks/rest/{path}", trust.authorization()
        async with http.post(url, json=body, headers=headers) as response:
            return response.status == 200 and bool(await response.json())

    @contextlib.contextmanager
    def in_flight(self) -> Iterator[None]:
        """A request is on its way; `stop` waits for it."""
        self._in_flight += 1
        self._idle.clear()
        try:
            yield
            self._answered += 1
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def stop(self) -> None:
        """End the process once its last reply is out."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), ANSWER_SECONDS)
        self._process.terminate()
        try:
            await asyncio.wait_for(self.ended.wait(), 15)
        except asyncio.TimeoutError:
            self._process.kill()
            await self.ended.wait()


async def train(name: str, told: Callable[[Progress], None]) -> Proof:
    """Make the model of what is in the directory, and put the proof's questions to it.

    Raises:
        TrainingFailed: none came of it.
    """
    ours, theirs = _context.Pipe(duplex=False)
    process = Process(_train, theirs, name)
    with contextlib.closing(ours):
        try:
            await process.start()
            theirs.close()
            return await asyncio.wait_for(_proof(ours, told), TRAINING_SECONDS)
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


async def _proof(training: Connection, told: Callable[[Progress], None]) -> Proof:
    while True:
        message = await asyncio.to_thread(training.recv)
        if isinstance(message, Progress):
            told(message)
        elif isinstance(message, str):
            raise TrainingFailed(message, is_accident=False)
        else:
            return message  # type: ignore[no-any-return]


def _serve(model: str, port: int) -> None:
    from nlu.serve import serve  # which imports Rasa, and so does not belong in the server's own process

    serve(Path(model), port)


def _train(told: Any, name: str) -> None:
    from nlu.train import run

    run(told, name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
