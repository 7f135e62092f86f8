"""Telegram, the bot and Rasa as they run for real; only Telegram's servers are stood in for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.content.library import Library
from stand_ins.serving import serving
from stand_ins.telegram import StandIn
from tests.support.dialogues import Outcome, play_all
from tests.support.shared import made_once, shared_directory


@pytest.fixture(scope="session")
def library(city_library: Library) -> Library:
    """What the editors wrote."""
    return city_library


@pytest.fixture(scope="session")
async def page_dialogues(running_bot: str, tmp_path_factory: pytest.TempPathFactory) -> list[list[Outcome]]:
    """Every dialogue as it went on the page, with which other channels are compared."""

    async def played() -> list[list[Outcome]]:
        with httpx.Client(base_url=running_bot, timeout=60, trust_env=False) as http:
            return await asyncio.to_thread(play_all, http)

    return await made_once(shared_directory(tmp_path_factory), "dialogues", played)


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
