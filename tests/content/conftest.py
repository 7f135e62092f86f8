"""A content/ of a test's own, and a watcher of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.content.watcher import ContentWatcher
from tests.support.content import watched


@pytest.fixture
def content(tmp_path: Path, small_content: Path) -> Path:
    """A copy of the small content/."""
    return Path(shutil.copytree(small_content, tmp_path / "content"))


@pytest.fixture
def food(content: Path) -> Path:
    """The file of one of its two answers."""
    return content / "culture" / "food.yml"


@pytest.fixture
def last_good(tmp_path: Path) -> Path:
    """Where the last good versions are kept."""
    return tmp_path / "last_good"


@pytest.fixture
async def watcher(content: Path, last_good: Path) -> AsyncIterator[ContentWatcher]:
    """content/ as a running bot serves it."""
    async with watched(content, last_good) as watcher:
        yield watcher
