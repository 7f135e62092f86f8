"""The page with everything behind it but Rasa: a real server, store and worker."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.site import Site, running_site

CONTENT = Path(__file__).parent / "content"
MESSAGES = Path(__file__).parents[3] / "content" / "messages.yml"


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few answers of our own, with the bot's real sentences."""
    directory = tmp_path_factory.mktemp("content")
    shutil.copytree(CONTENT, directory, dirs_exist_ok=True)
    shutil.copy(MESSAGES, directory)
    return directory


@pytest.fixture(scope="session")
async def site(content: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("store"), content=content) as running:
        yield running
