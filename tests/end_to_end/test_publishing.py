"""An editor saves a file, and soon everybody gets the new answer: with the real Rasa side, trained here."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.child import STOP_SECONDS
from tests.support.bot_process import BotProcess, copy_project, free_port
from tests.support.content import change

LIVE_SECONDS = 900
"""From an empty cache of sentence vectors, training takes minutes on two cores."""

MARKET = "culture.cai-rang-floating-market"
NEW = "clarification.motorbike-ban"

CLARIFICATION = Path(__file__).parent / "clarification.yml"


class City:
    """A bot with a Rasa side and a content/ of its own, and the people who ask it."""

    def __init__(self, project: Path, process: BotProcess) -> None:
        self.content = project / "content"
        self.process = process

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
        async with asyncio.timeout(20):
            while text not in (card := await self.presses(new_person(), f"answer:{MARKET}"))["title"]:
                pass
        return card


def new_person() -> str:
    return secrets.token_hex(16)


@pytest.fixture(scope="module")
async def city(rasa_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """The bot as it is started for real, in a copy of the project; with the model of content/ as it is,
    which `rasa_server` has seen to."""
    project = tmp_path_factory.mktemp("project")
    copy_project(project)
    process = BotProcess(project, {"RASA_PORT": str(free_port()), "WEB_RATE_LIMIT": "0"})
    try:
        await process.start()
        city = City(project, process)
        await city.learned(None)
        yield city
        async with asyncio.timeout(2 * STOP_SECONDS):
            assert await process.stop() == 0
    finally:
        await process.ensure_ended()


@pytest.mark.rasa
async def test_a_new_clarification_is_understood_in_new_words_and_can_be_withdrawn_at_once(
    city: City,
) -> None:
    asker, talker = new_person(), new_person()
    assert (await city.asks(asker, "sang năm còn được chạy xe gắn máy ở Ninh Kiều không"))["id"] != NEW
    assert (await city.asks(talker, "mấy giờ thì chợ nổi đông ghe nhất"))["id"] == MARKET
    before = (await city.report())["model"]["name"]

    shutil.copy(CLARIFICATION, city.file(NEW))
    await city.learned(before)

    card = await city.asks(asker, "sang nam con duoc chay xe gan may o ninh kieu khong")
    assert (card["id"], card["verdict"], card["language"]) == (NEW, "refuted", "vi")
    card = await city.asks(new_person(), "will they stop people from riding scooters in the city?")
    assert (card["id"], card["language"]) == (NEW, "en")
    assert card["version"] == (await city.report())["content"]["version"]
    # Whoever was in the middle of a conversation goes on with it.
    card = await city.asks(talker, "vé tàu bao nhiêu vậy")
    assert (card["kind"], card["id"], card["facet"]) == ("facet", MARKET, "price")

    change(city.file(NEW), "status: published", "status: withdrawn\nwithdrawn: {date: 2026-11-25}")
    async with asyncio.timeout(20):
        while (card := await city.presses(asker, f"answer:{NEW}"))["action"] != "withdrawn":
            pass
    assert "25/11/2026" in card["text"]


@pytest.mark.rasa
async def test_a_broken_file_keeps_its_version_until_it_is_mended(city: City) -> None:
    title = (await city.words(""))["title"]
    change(city.file(MARKET), f"title: {title}", "titel: Chợ nổi trên sông")
    async with asyncio.timeout(20):
        while not (mistakes := (await city.report())["mistakes"]):
            pass
    lines = city.file(MARKET).read_text(encoding="utf-8").splitlines()
    assert {mistake["file"] for mistake in mistakes} == {"culture/cai-rang-floating-market.yml"}
    assert [(mistake["key"], lines[mistake["line"] - 1].split(":")[0].strip()) for mistake in mistakes] == [
        ("vi.title", "vi"),
        ("vi.titel", "titel"),
    ]
    assert {mistake["serves"] for mistake in mistakes} == {"the last good version"}
    assert (await city.presses(new_person(), f"answer:{MARKET}"))["title"] == title

    change(city.file(MARKET), "titel:", "title:")
    assert (await city.words("trên sông"))["title"] == "Chợ nổi trên sông"
    assert (await city.report())["mistakes"] == []
