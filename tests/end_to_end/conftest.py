"""Telegram, the bot and Rasa as they run for real; only Telegram's servers are stood in for."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.content.library import Library, load
from bot.rasa.training_set import training_files
from tests.conftest import ROOT
from tests.end_to_end.bot_process import RASA_TOKEN, BotProcess, free_port
from tests.stand_ins.serving import serving
from tests.stand_ins.telegram import TOKEN, StandIn

RASA_READY_SECONDS = 900
"""From an empty cache of sentence vectors, training takes minutes on two cores."""


@pytest.fixture(scope="session")
def library() -> Library:
    """What the editors wrote."""
    return load(ROOT / "content")[0]


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    """Telegram, which objects if one chat gets more than it allows."""
    stand_in = StandIn(most_a_second=1)
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def telegram_url(telegram: StandIn) -> AsyncIterator[str]:
    """The Bot API's address."""
    async with serving(telegram.app()) as url:
        yield url
        await telegram.close()


@pytest.fixture
async def bot(telegram_url: str, rasa_server: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot, not started yet."""
    settings = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram_url,
        "RASA_URL": rasa_server,
        "CONTENT_DIR": str(ROOT / "content"),
    }
    process = BotProcess(tmp_path, settings)
    yield process
    await process.ensure_ended()


@pytest.fixture(params=["polling", "webhook"])
async def started(bot: BotProcess, request: pytest.FixtureRequest) -> BotProcess:
    """The bot, connected to Telegram in both ways that there are."""
    await bot.start(**({"PUBLIC_URL": bot.url} if request.param == "webhook" else {}))
    return bot


@pytest.fixture(scope="session")
async def rasa_server(library: Library) -> AsyncIterator[str]:
    """The real Rasa side with the model of content/ as it is; the first time it is trained here."""
    port = free_port()
    async with rasa_side(library, port):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def rasa_side(library: Library, port: int, **settings: str) -> AsyncIterator[None]:
    """The real Rasa side, answering with the model of content/."""
    python = ROOT / ".venv-rasa" / "bin" / "python"
    if not python.exists():
        pytest.fail("The Rasa side's environment is missing: run `make environments`.")
    process = await asyncio.create_subprocess_exec(
        str(python), "nlu/server.py", "--port", str(port), "--child",
        cwd=ROOT, stdin=PIPE, env={**os.environ, "RASA_TOKEN": RASA_TOKEN, **settings},
    )  # fmt: skip
    address, known = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {RASA_TOKEN}"}
    async with httpx.AsyncClient(base_url=address, headers=known, timeout=30, trust_env=False) as http:
        async with asyncio.timeout(RASA_READY_SECONDS):
            wanted = None
            while wanted is None or await _model(http) != wanted:
                try:
                    answer = await http.put("/training-data", json={"files": training_files(library)})
                    wanted = answer.json()["model"]
                except httpx.TransportError:
                    wanted = None
                await asyncio.sleep(0.5)  # between two looks at a condition
    try:
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _model(http: httpx.AsyncClient) -> str | None:
    model: str | None = (await http.get("/status")).json()["model"]
    return model


@pytest.fixture
async def page_bot(rasa_server: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot with its page alone, serving."""
    settings = {"RASA_URL": rasa_server, "CONTENT_DIR": str(ROOT / "content"), "WEB_RATE_LIMIT": "0"}
    process = BotProcess(tmp_path, settings)
    await process.start()
    yield process
    await process.ensure_ended()
