"""The desk of the editors' pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.desk.editing import EditingDesk
from tests.support.bot_database import BotDatabase, open_bot_database
from tests.support.clock import Clock
from tests.support.desk import open_desk


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[EditingDesk]:
    """A desk over three answers in git, with its editors."""
    async with open_desk(database_url, tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def bot(tmp_path: Path, clock: Clock) -> AsyncIterator[BotDatabase]:
    """The bot's own database, which editors read."""
    async with open_bot_database(f"sqlite:///{tmp_path}/bot.db", clock) as opened:
        yield opened
