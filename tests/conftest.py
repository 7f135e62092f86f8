"""What every test may use."""

from __future__ import annotations

import gc
import os
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path

import certifi
import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from playwright.async_api import Browser
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.content.library import Library
from bot.content.loading import load
from bot.desk import accounts
from bot.reading import limits
from bot.reading import tesseract as program
from bot.storage.database import Database, is_sqlite
from bot.storage.inbox import Inbox
from stand_ins.postgres import Cluster, NoPostgres, cluster
from tests.support import ROOT
from tests.support.bot_process import BotProcess
from tests.support.chromium import chromium
from tests.support.city_rasa import shared_city_rasa
from tests.support.clock import Clock
from tests.support.content import ANSWER, OFFICES
from tests.support.databases import bot_tables, prepared
from tests.support.needs import missing
from tests.support.shared import shared_directory

settings.register_profile("quick", max_examples=25)
settings.load_profile("default")  # in CI, too, where Hypothesis would try the same examples each time

_ssl_context = ssl.create_default_context
_shared_context = cache(_ssl_context)
_AUTHORITIES = {certifi.where(), os.environ.get("SSL_CERT_FILE")} - {None}


def _context(*arguments: object, cafile: str | None = None, **more: object) -> ssl.SSLContext:
    """The certificates of the authorities are read once: each client of httpx reads them, 30 ms at a time."""
    make = _shared_context if cafile in _AUTHORITIES else _ssl_context
    return make(*arguments, cafile=cafile, **more)  # type: ignore[arg-type]


ssl.create_default_context = _context  # type: ignore[assignment]

limits.SECONDS_MOST = 60.0
"""How long a picture is read at most: beside many other tests it takes long."""

SERVERS = {"postgres", "browser"}
"""Fixtures that start a server."""


FIRST = (
    "end_to_end/test_dialogues.py",  # may train the model, for which others wait
    "rasa/test_server.py",
    "web/test_page.py",
    "end_to_end/test_dependencies.py",
    "rasa/test_restarts.py",
    "test_kubernetes.py",
    "storage/test_stalling.py",
    "end_to_end/test_survival.py",
    "end_to_end/test_editing.py",
    "end_to_end/test_publishing.py",
    "rasa/test_replicas.py",
    "editing/test_in_browser.py",
    "rasa/test_kept_models.py",
    "rasa/test_openblas.py",
    "editing/test_desk_in_browser.py",
    "test_app.py",
    "cli/test_questions.py",
    "answering/test_kill.py",
    "end_to_end/test_telegram_kill.py",  # from here on the model is needed
    "end_to_end/test_zalo.py",
    "end_to_end/test_context.py",
    "end_to_end/test_telegram.py",
    "end_to_end/test_zalo_tokens.py",
    "end_to_end/test_desk.py",
    "end_to_end/test_zalo_bot.py",
)
"""What takes longest begins first, so that no worker is left alone with it at the end; but while the model is
made, what needs none. A worker that has two tests left has its next file in hand: of the first ones two are
so short, and what is in hand behind the longest is a short one."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark what needs a server, by its fixtures; the same Rasa side and Chromium serve all who need one."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        is_on_postgres = callspec is not None and "postgres_url" in callspec.params.values()
        if "rasa_server" in item.fixturenames:
            item.add_marker(pytest.mark.rasa)
        if is_on_postgres or SERVERS & set(item.fixturenames) or item.get_closest_marker("rasa"):
            item.add_marker(pytest.mark.server)
    files = {item.path for item in items}
    in_turn = {file: n for n, end in enumerate(FIRST) for file in files if file.match(end)}
    items.sort(key=lambda item: in_turn.get(item.path, len(FIRST)))


def pytest_configure() -> None:
    """Have the collector of garbage look seldom: with all that tests import, it is a quarter of the run."""
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: it need not be looked through."""
    gc.collect()
    gc.freeze()


_unmarked: list[str] = []
"""The test that runs, if it is not marked `server`."""


def _refuse_a_process(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _unmarked and arguments[0] not in {"git", "tesseract"}:
        raise RuntimeError(f"{_unmarked[-1]} starts {arguments[0]}: mark it pytest.mark.server")


sys.addaudithook(_refuse_a_process)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Keep the quick tests quick: who starts a process but git or Tesseract is marked `server`, or fails."""
    if not item.get_closest_marker("server"):
        _unmarked.append(item.nodeid)
    try:
        return (yield)
    finally:
        _unmarked.clear()


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """A password's hash costs what it costs on purpose: a sixth of a second, for each of some hundred."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(accounts, "_hasher", cheap)
        patched.setattr(accounts, "_NOBODYS_HASH", cheap.hash("nobody's"))
        yield


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
        missing(str(error))


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """A PostgreSQL database of the test's own."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def tesseract() -> None:
    """The program that reads pictures."""
    if problem := program.problem():
        missing(problem)


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
    database = await prepared(database_url, bot_tables)
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
def city_library() -> Library:
    """What the editors wrote."""
    return load(ROOT / "content").library


@pytest.fixture(scope="session")
async def rasa_server(city_library: Library, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The real Rasa side with the model of content/ as it is, for the whole run; the first time it is
    trained here.
    """
    async with shared_city_rasa(city_library, shared_directory(tmp_path_factory)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
async def running_bot(rasa_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the whole service with its page alone."""
    environment = {"RASA_URL": rasa_server, "CONTENT_DIR": str(ROOT / "content"), "WEB_RATE_LIMIT": "0"}
    process = BotProcess(tmp_path_factory.mktemp("bot"), environment)
    await process.start()
    yield process.url
    await process.ensure_ended()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium for the whole run."""
    async with chromium() as started:
        yield started
