"""A Rasa process with one model, as the server sees it from outside."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from nlu import authentication, models
from nlu.processes import WITHOUT_MODEL, ForkedProcess

READY_SECONDS = 120
ANSWER_SECONDS = 20

LOOK_SECONDS = 2
HANGS_SECONDS = 10
"""A process that has answered nothing for so long is put a question, and so long that may take. A message
that waits in vain meanwhile is put to the next process within the 20 seconds that the bot waits."""


class NotReady(Exception):
    """A Rasa process ended, or was not ready in time. is_model: because its model cannot be used."""

    def __init__(self, reason: str, *, is_model: bool = False) -> None:
        super().__init__(reason)
        self.is_model = is_model


class RasaProcess:
    """A running Rasa with one model."""

    def __init__(self, model: str) -> None:
        self.model = model
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._process = ForkedProcess(_serve, str(models.file_of(model)), port)
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
        url, headers = f"{self.address}/webhooks/rest/{path}", authentication.authorization()
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

    async def is_ending(self) -> bool:
        """Whether it, having broken off a request, has ended or is about to."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.ended.wait(), 1)
        return self.ended.is_set()


def _serve(model: str, port: int) -> None:
    from nlu.runner.rasa_server import serve  # which imports Rasa: that does not belong in the server itself

    serve(Path(model), port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
