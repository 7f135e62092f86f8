"""What every test may use."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.content.library import Library
from bot.content.loading import load
from bot.storage.database import Database, is_sqlite
from bot.storage.inbox import Inbox
from bot.storage.schema import migrate
from tests.support import ROOT
from tests.support.bot_process import free_port
from tests.support.clock import Clock
from tests.support.content import ANSWER, OFFICES
from tests.support.postgres import Cluster, NoPostgres, cluster

BOT_READY_SECONDS = 900
"""With no model yet, one is trained first: minutes, from an empty cache of sentence vectors."""


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
    loaded = load(small_content)
    library, findings = loaded.library, loaded.findings
    assert not findings
    return library


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database of the test's own."""
    return f"sqlite+aiosqlite:///{tmp_path}/bot.db"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL cluster that the tests start themselves."""
    try:
        with cluster() as started:
            yield started
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres: Cluster) -> str:
    """A PostgreSQL database of the test's own."""
    return postgres.new_database()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test is `on_both_databases`."""
    url: str = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    return url


@pytest.fixture
def stored(request: pytest.FixtureRequest, database_url: str) -> Callable[[], bytes]:
    """Gives all that the database holds: of SQLite the very bytes of its files, of PostgreSQL a dump."""
    url = make_url(database_url)
    if is_sqlite(url):
        file = Path(str(url.database))
        return lambda: b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    postgres: Cluster = request.getfixturevalue("postgres")
    return lambda: postgres.run("pg_dump", str(url.database)).encode()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables, as the bot uses it."""
    database = Database(database_url)
    await migrate(database)
    yield database
    await database.close()


@pytest.fixture
async def engine(database: Database, database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections of the test's own to the same database."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def inbox(database: Database, clock: Clock) -> Inbox:
    inbox = Inbox(database, "secret", clock)
    await inbox.open()
    return inbox


@pytest.fixture(scope="session")
async def running_bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the whole service as `python -m bot run` starts it, with a Rasa side of its own."""
    directory = tmp_path_factory.mktemp("bot")
    # A directory that has what starts the Rasa side, but no .env with somebody's Telegram token.
    for part in ("nlu", ".venv-rasa"):
        if not (ROOT / part).exists():
            pytest.fail(f"{part} is missing: run `make environments`.")
        (directory / part).symlink_to(ROOT / part)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORT": str(port),
        "RASA_PORT": str(free_port()),
        "CONTENT_DIR": str(ROOT / "content"),
        "WEB_RATE_LIMIT": "0",
    }
    log = directory / "log.txt"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=directory, env=settings, stdout=output, stderr=output
        )
    try:
        if not await _is_ready(url, process):
            pytest.fail(f"The bot did not get ready:\n{_end_of(log)}")
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_ready(url: str, process: Process) -> bool:
    """Whether it got ready in time, once it has or has ended."""
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as http:
        with suppress(TimeoutError):
            async with asyncio.timeout(BOT_READY_SECONDS):
                while process.returncode is None:
                    with suppress(httpx.TransportError):
                        if (await http.get("/ready")).status_code == 200:
                            return True
                    await asyncio.sleep(0.2)  # between two looks at a condition
    return False


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]
