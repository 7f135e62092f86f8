"""The bot as it is started for real, in a copy of the project: with a Rasa side and a content/ of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from stand_ins.serving import free_port
from tests.support.bot_process import BotProcess

LIVE_SECONDS = 2400
"""From an empty cache of sentence vectors, a training took ten minutes on two slow cores. Beside other
tests it takes twice as long."""

MARKET = "culture.cai-rang-floating-market"


class Served(Protocol):
    """Whatever runs the bot. url: where it serves."""

    @property
    def url(self) -> str: ...


class City:
    """A bot with a Rasa side and a content/ of its own, and the people who ask it."""

    def __init__(self, project: Path, process: Served, rasa_port: int) -> None:
        self.project = project
        self.content = project / "content"
        self.process = process
        self.rasa_port = rasa_port

    def file(self, answer_id: str) -> Path:
        """Where an answer stands."""
        topic, name = answer_id.split(".")
        return self.content / topic / f"{name}.yml"

    async def report(self) -> dict[str, Any]:
        """GET /api/content."""
        async with httpx.AsyncClient(base_url=self.process.url, timeout=30, trust_env=False) as http:
            body: dict[str, Any] = (await http.get("/api/content")).json()
        return body

    async def asks(self, conversation: str, text: str) -> dict[str, Any]:
        """The first card of the reply."""
        return await self._sends(conversation, text=text)

    async def presses(self, conversation: str, payload: str) -> dict[str, Any]:
        """The first card of the reply to a button."""
        return await self._sends(conversation, button=payload)

    async def _sends(self, conversation: str, **message: str) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.process.url, timeout=60, trust_env=False) as http:
            answer = await http.post("/api/messages", json={"conversation": conversation, **message})
        answer.raise_for_status()
        card: dict[str, Any] = answer.json()["replies"][0]
        return card

    async def learned(self, model_before: str | None) -> str:
        """Wait until the questions of now are live; the name of their model."""
        async with asyncio.timeout(LIVE_SECONDS):
            while True:
                report = await self.report()
                model = report["model"]
                assert report["refused"] is None or not model_before, report["refused"]
                assert report["failed"] is None
                if model and model["is_current"] and model["name"] != model_before:
                    name: str = model["name"]
                    return name
                await asyncio.sleep(0.2)  # between two looks at a condition

    async def words(self, text: str) -> dict[str, Any]:
        """Wait until an answer of the market has these words; its card."""
        return await self._becomes(new_person(), MARKET, lambda card: text in card["title"])

    async def served(self, answer_id: str) -> dict[str, Any]:
        """Wait until an answer is served; its card."""
        return await self._becomes(new_person(), answer_id, lambda card: card["id"] == answer_id)

    async def withdrawn(self, conversation: str, answer_id: str) -> dict[str, Any]:
        """Wait until who presses for an answer is told that it is withdrawn; the card."""
        return await self._becomes(conversation, answer_id, lambda card: card["action"] == "withdrawn")

    async def _becomes(
        self, conversation: str, answer_id: str, is_so: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while True:
                card = await self.presses(conversation, f"answer:{answer_id}")
                if is_so(card):
                    return card
                await asyncio.sleep(0.1)  # between two looks at a condition


def new_person() -> str:
    return secrets.token_hex(16)


@asynccontextmanager
async def running_city(project: Path) -> AsyncIterator[City]:
    """It runs in `project`, a copy of all that it needs, while the context is open."""
    port = free_port()
    process = BotProcess(project, {"RASA_PORT": str(port), "WEB_RATE_LIMIT": "0"})
    try:
        await process.start()
        city = City(project, process, port)
        await city.learned(None)
        yield city
        assert await process.stop() == 0
    finally:
        await process.ensure_ended()
