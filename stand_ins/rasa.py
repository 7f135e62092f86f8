"""Answers as Rasa's REST channel does, over real HTTP, by a table in place of a model."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stand_ins.serving import serving

Plan = dict[str, object]

FALLBACK: Plan = {"reply": "fallback", "reason": "no_answer"}


def plans_for(text: str) -> list[Plan]:
    """Thanks, and the answer that the text names; or that there is none."""
    if answer := re.search(r"food|music", text):
        return [
            {"reply": "smalltalk", "action": "thanks"},
            {"reply": "answer", "id": f"culture.{answer.group()}"},
        ]
    return [FALLBACK]


@dataclass
class RasaStandIn:
    """A Rasa server that does as it is told.

    asked: sender and text of every message, in order. mishaps: what it answers to a text
    instead of plans, once each: a status, or a JSON value. forgotten: senders whose context was
    deleted. is_away: it answers as a proxy does whose server is starting. taught: the training
    files it got; overrides: with what reasons. status: what it tells of its models; kept: those.
    looks: how often its status was asked for. gates: texts whose answer waits until the event is set;
    may_answer: cleared, every answer waits.
    """

    asked: list[tuple[str, str]] = field(default_factory=list)
    mishaps: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    is_away: bool = False
    taught: list[str] = field(default_factory=list)
    overrides: list[str | None] = field(default_factory=list)
    looks: int = 0
    status: dict[str, object] = field(default_factory=lambda: {"model": "stand-in"})
    kept: list[dict[str, object]] = field(default_factory=list)
    plans: Callable[[str], list[Plan]] = plans_for
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    @property
    def texts(self) -> list[str]:
        """The text of every message, in order."""
        return [text for _, text in self.asked]

    @property
    def senders(self) -> list[str]:
        """The sender of every message, in order."""
        return [sender for sender, _ in self.asked]

    def begin_anew(self) -> None:
        """Forget what was asked, and answer."""
        self.asked.clear()
        self.may_answer.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on loopback; gives the base URL."""
        async with serving(self._app()) as url:
            yield url

    def client(self) -> httpx.AsyncClient:
        """A client of it that needs no server."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app()), base_url="http://rasa")

    def _app(self) -> Starlette:
        routes = [
            Route("/webhooks/rest/webhook", self._webhook, methods=["POST"]),
            Route("/conversations/{sender}", self._forget, methods=["DELETE"]),
            Route("/training-data", self._training_data, methods=["PUT"]),
            Route("/status", self._status),
            Route("/models", self._models),
            Route("/models/{name}/serve", self._put_back, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def was_asked(self, times: int) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.asked) >= times)

    async def _webhook(self, request: Request) -> Response:
        body = await request.json()
        sender, text = body["sender"], body["message"]
        async with self.changed:
            self.asked.append((sender, text))
            self.changed.notify_all()
        if self.is_away:
            return Response(status_code=503)
        if mishaps := self.mishaps[text]:
            mishap = mishaps.pop(0)
            return Response(status_code=mishap) if isinstance(mishap, int) else JSONResponse(mishap)
        if gate := self.gates.get(text):
            await gate.wait()
        await self.may_answer.wait()
        language = body["metadata"]["language"] or "vi"
        plans = [{"language": language, **plan} for plan in self.plans(text)]
        return JSONResponse([{"recipient_id": sender, "custom": {"plans": plans}}])

    async def _forget(self, request: Request) -> Response:
        if self.is_away:
            return Response(status_code=503)
        self.forgotten.append(request.path_params["sender"])
        return Response(status_code=204)

    async def _training_data(self, request: Request) -> Response:
        if self.is_away:
            return Response(status_code=503)
        body = await request.json()
        async with self.changed:
            self.taught += body["files"]
            self.overrides.append(body["override"])
            self.changed.notify_all()
        return JSONResponse({"model": "stand-in"}, 202)

    async def was_taught(self) -> None:
        """Wait until training files have come."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: bool(self.taught))

    async def _status(self, _request: Request) -> Response:
        async with self.changed:
            self.looks += 1
            self.changed.notify_all()
        if self.is_away:
            return Response(status_code=503)
        return JSONResponse({"wanted": "stand-in", **self.status})

    async def _models(self, _request: Request) -> Response:
        return JSONResponse({"models": self.kept})

    async def _put_back(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in {model["name"] for model in self.kept}:
            return Response(status_code=404)
        self.status = {"model": name}
        return JSONResponse({"model": name}, 202)
