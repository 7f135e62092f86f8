"""What whoever runs the bot looks at: /health, /ready, and /metrics for Prometheus."""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.channels.contract import Channel, Health
from bot.content.watcher import ContentWatcher
from bot.domain.answer import TOPICS
from bot.rasa.client import Rasa, RasaRefuses, RasaUnavailable
from bot.rasa.status import RasaStatus
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.outbox import Outbox
from bot.supervision import Supervisor

ANSWERING = "answering"
"""The task without which nobody gets an answer."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The three addresses.

    token: what /metrics asks for as a bearer token; without one there is no /metrics. Its numbers
        are about nobody, but how many ask and what fails is for whoever runs the bot alone.
    pictures: why none are read, in words; None if they are.
    """

    database: Database
    inbox: Inbox
    outbox: Outbox
    rasa: Rasa
    watcher: ContentWatcher
    supervisor: Supervisor
    channels: Sequence[Channel]
    token: str
    pictures: str | None = None

    def routes(self) -> list[BaseRoute]:
        """The routes of all that is served."""
        routes: list[BaseRoute] = [Route("/health", self._health), Route("/ready", self._ready)]
        return [*routes, Route("/metrics", self._metrics)] if self.token else routes

    async def _health(self, _request: Request) -> JSONResponse:
        return JSONResponse({"live": True})

    async def _ready(self, _request: Request) -> JSONResponse:
        # At once, so that whoever asks is not kept waiting for each in turn.
        (status, away), is_writable, healths = await asyncio.gather(
            self._status(), self.inbox.is_reachable(), self._healths()
        )
        failing = self.supervisor.problems()
        checks = {
            "model": bool(status.model),
            "database": is_writable,
            "content": any(map(self.watcher.library().of_topic, TOPICS)),
            ANSWERING: ANSWERING not in failing,
        }
        wrong = [name for name, is_well in checks.items() if not is_well]
        body: dict[str, object] = {"ready": not wrong, "wrong": wrong}
        if "model" in wrong:
            body["model"] = away or _no_model(status)
        elif status.failed and status.failed.advice:
            body["training"] = status.failed.advice
        # The channels are told, but no reason to take the page away from everybody.
        body |= {name: _told(health) for name, health in healths.items()}
        if self.pictures:
            body["pictures"] = self.pictures
        if failing:
            body["tasks"] = failing
        return JSONResponse(body, 503 if wrong else 200)

    async def _metrics(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        await self._look()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _healths(self) -> dict[str, Health]:
        """How the channels are that may lose their platform, by name."""
        healths = await asyncio.gather(*(channel.health() for channel in self.channels))
        named = zip(self.channels, healths, strict=True)
        return {channel.name: health for channel, health in named if health}

    async def _status(self) -> tuple[RasaStatus, str | None]:
        """How the Rasa side is, and why it does not say so, if it does not."""
        try:
            return await self.rasa.status(), None
        except RasaRefuses as error:
            return RasaStatus(), f"the Rasa side does not answer: {error}"
        except RasaUnavailable:
            return RasaStatus(), "the Rasa side is out of reach"

    async def _look(self) -> None:
        """Bring the gauges up to date."""
        status, _ = await self._status()
        metrics.MODEL_READY.set(bool(status.model))
        metrics.MODEL_TRAINING.set(bool(status.training))
        metrics.MODEL_FAILED.set(bool(status.failed))
        metrics.MODEL_REFUSED.set(bool(status.refused))
        metrics.CONTENT.clear()
        metrics.CONTENT.labels(self.watcher.library().digest).set(1)
        metrics.CONTENT_SINCE.set(self.watcher.since.timestamp())
        metrics.CONTENT_ERRORS.set(len(self.watcher.findings))
        for name, health in (await self._healths()).items():
            metrics.CHANNEL_CONNECTED.labels(name).set(health.problem is None)
        failing = self.supervisor.problems()
        for name in self.supervisor.names:
            metrics.TASK_UP.labels(name).set(name not in failing)
        await self._look_at_database()

    async def _look_at_database(self) -> None:
        free = self.database.free_bytes()
        metrics.DISK_FREE.set(math.nan if free is None else free)
        is_up = await self.inbox.is_reachable()
        metrics.DATABASE_UP.set(is_up)
        try:
            waiting, backlog = await self.inbox.backlog(), await self.outbox.backlog()
        except DatabaseAway:
            for unknown in (
                metrics.UNANSWERED, metrics.OLDEST_UNANSWERED, metrics.OLDEST_DELIVERY, metrics.OLDEST_LEFT
            ):  # fmt: skip
                unknown.set(math.nan)
            return
        metrics.UNANSWERED.set(waiting.number)
        metrics.OLDEST_UNANSWERED.set(waiting.longest)
        metrics.OLDEST_DELIVERY.set(backlog.delivery)
        metrics.OLDEST_LEFT.set(backlog.left_question)


def _told(health: Health) -> object:
    """A channel's health as /ready tells it."""
    state = health.problem or "connected"
    return {"state": state, **health.details} if health.details else state


def _no_model(status: RasaStatus) -> str:
    """Why there is no model, in words for whoever runs the bot."""
    if status.training:
        return f"a model is being made: {status.training.step}, {status.training.share:.0%}"
    return f"the training failed: {status.failed.reason}" if status.failed else "no model yet"
