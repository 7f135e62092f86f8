"""Telegram, the bot and Rasa as they run for real; only Telegram's servers are stood in for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.content.library import Library
from bot.content.loading import load
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, StandIn
from tests.support import ROOT
from tests.support.bot_process import BotProcess, free_port, rasa_side


@pytest.fixture(scope="session")
def library() -> Library:
    """What the editors wrote."""
    return load(ROOT / "content").library


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


@pytest.fixture
async def page_bot(rasa_server: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot with its page alone, serving."""
    settings = {"RASA_URL": rasa_server, "CONTENT_DIR": str(ROOT / "content"), "WEB_RATE_LIMIT": "0"}
    process = BotProcess(tmp_path, settings)
    await process.start()
    yield process
    await process.ensure_ended()
