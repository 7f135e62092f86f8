"""The editors' pages over a database of their own, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk.accounts import Accounts
from bot.domain.clock import utc_now
from bot.editing.app import create_app
from tests.support.bot_database import BotDatabase, open_bot_database
from tests.support.clock import Clock
from tests.support.databases import editors_tables, prepared
from tests.support.editors import KEY, ORIGIN, Pages, copy_content, make_content, make_desk


@asynccontextmanager
async def over(content: Path, directory: Path) -> AsyncIterator[Pages]:
    """The pages over a content/; directory: of their database."""
    database = await prepared(f"sqlite:///{directory}/editors.db", editors_tables)
    clock = Clock(utc_now())
    desk = make_desk(database, content, clock)
    yield Pages(create_app(desk, KEY, ORIGIN), database, Accounts(KEY), clock, desk)
    await database.close()


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """The pages over a few answers."""
    async with over(make_content(tmp_path / "site"), tmp_path) as pages:
        yield pages


@pytest.fixture
async def staffed(pages: Pages, tmp_path: Path) -> AsyncIterator[tuple[Pages, BotDatabase]]:
    """The same pages beside a bot that has a database."""
    async with open_bot_database(f"sqlite:///{tmp_path}/bot.db", pages.clock) as bot:
        pages.desk = replace(pages.desk, bot=bot.reader)
        pages.app = create_app(pages.desk, KEY, ORIGIN)
        yield pages, bot


@pytest.fixture
async def city_pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """The pages over a copy of the city's own content."""
    async with over(copy_content(tmp_path / "site"), tmp_path) as pages:
        yield pages
