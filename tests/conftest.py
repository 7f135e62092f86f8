"""What every test may use."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import Library, load
from bot.store.database import connect, migrate
from bot.store.inbox import Inbox

ROOT = Path(__file__).parents[1]

OFFICES = """
culture:
  vi: {name: Sở Văn hóa}
  en: {name: Department of Culture}
"""

ANSWER = """
status: published
office: culture
checked: 2026-11-01
review_by: 2100-01-01
sources: [{{title: A source}}]
vi:
  title: Tựa {name}
  answer: Câu trả lời về {name}.
  questions: ["{name} là gì"]
en:
  title: Title of {name}
  answer: The answer on {name}.
  questions: ["what is {name}"]
"""


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime.datetime = field(
        default_factory=lambda: datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    )

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += datetime.timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def small_content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A content directory with the bot's real sentences and the answers culture.food, culture.music."""
    directory = tmp_path_factory.mktemp("content")
    shutil.copy(ROOT / "content" / "messages.yml", directory)
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    (directory / "culture").mkdir()
    for name in ("food", "music"):
        (directory / "culture" / f"{name}.yml").write_text(ANSWER.format(name=name), encoding="utf-8")
    return directory


@pytest.fixture(scope="session")
def small_library(small_content: Path) -> Library:
    library, findings = load(small_content)
    assert not findings
    return library


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/bot.db"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database with its tables."""
    engine = connect(database_url)
    await migrate(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def inbox(engine: AsyncEngine, clock: Clock) -> Inbox:
    inbox = Inbox(engine, "secret", clock)
    await inbox.open()
    return inbox
