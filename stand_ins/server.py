"""What the platforms' servers have in common: they note what they are asked, and fail when told to."""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from stand_ins.failures import Failure, Failures

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came in: what was asked, how it was answered, and when.

    status: 0 if it was left without an answer; body: the answer's.
    """

    method: str
    parameters: Json
    status: int
    body: Json
    at: float


class PlatformServer(ABC):
    """A platform's server, as one bot sees it.

    calls: everything the bot asked; what the server sends to a webhook is no call.
    failures: what is to go wrong, by method.
    web: what lies on the internet, by its address: it fetches nothing else.
    pictures: what people sent, by its name below /picture/.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failures = Failures()
        self.web: dict[str, bytes] = {}
        self.pictures: dict[str, bytes] = {}
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._http = httpx.AsyncClient(timeout=60, trust_env=False)

    # What tests do.

    def called(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    async def until(self, is_so: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is so; it is looked at whenever anything happens here.

        Raises:
            TimeoutError: it did not come about.
        """
        async with asyncio.timeout(seconds):
            while not is_so():
                await self._changed.wait()

    def keep_picture(self, data: bytes, address: str) -> str:
        """Take a picture that somebody sends; where it lies on this server, which has this address."""
        name = f"{len(self.pictures) + 1}.jpg"
        self.pictures[name] = data
        return f"{address}/picture/{name}"

    # The server.

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """What the bot may call."""

    def app(self) -> Starlette:
        """The server as an application of its own."""
        return Starlette(routes=self.routes())

    async def close(self) -> None:
        """Let go of connections that hang."""
        self._closing.set()
        self._notify()
        await self._http.aclose()

    def _notify(self) -> None:
        """Let whoever waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _give_picture(self, request: Request) -> Response:
        """A picture that somebody sent, from where an event says that it lies."""
        name = request.path_params["name"]
        failure = self.failures.take("picture")
        data = self.pictures.get(name)
        self._record("picture", {"name": name, "headers": dict(request.headers)}, 200 if data else 404, {})
        if failure:
            return await self._fail(request, failure)
        if data is None:
            return Response(status_code=404)
        return Response(data, media_type="image/jpeg")

    async def _answer_call(
        self,
        request: Request,
        method: str,
        parameters: Json,
        perform: Callable[[], Awaitable[tuple[int, Json]]],
    ) -> Response:
        """Answer a call as it was performed, or as a planned failure has it."""
        failure = self.failures.take(method)
        takes_effect = failure is None or failure.is_done or failure.is_late
        status, body = await perform() if takes_effect else (0, {})
        if failure is None or failure.is_late:
            if failure:
                await asyncio.wait([asyncio.create_task(self._closing.wait())], timeout=failure.seconds)
            self._record(method, parameters, status, body)
            # ASCII: half a surrogate pair can be said in JSON, but not in UTF-8.
            return Response(json.dumps(body), status, media_type="application/json")
        self._record(method, parameters, failure.status or 0, failure.body or {})
        return await self._fail(request, failure)

    async def _fail(self, request: Request, failure: Failure) -> Response:
        if failure.status is None:
            hung_up = asyncio.create_task(_until_hung_up(request))
            closing = asyncio.create_task(self._closing.wait())
            await asyncio.wait([hung_up, closing], return_when=asyncio.FIRST_COMPLETED)
            hung_up.cancel()
            closing.cancel()
            return Response(status_code=504)
        if failure.body is None:  # as from a gateway, which knows nothing of the platform's own errors
            return HTMLResponse("<html><h1>planned failure</h1></html>", failure.status)
        return JSONResponse(failure.body, failure.status)

    def _record(self, method: str, parameters: Json, status: int, body: Json) -> None:
        self.calls.append(Call(method, parameters, status, body, time.monotonic()))
        self._notify()


async def _until_hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
