"""Content with an answer in each state, and the public pages of it without a server."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.answering.dialogue import Dialogue
from bot.content.library import Library
from bot.content.loading import load
from bot.content.paths import share_path
from bot.domain.clock import utc_now
from bot.http_server import SecurityHeaders
from bot.rasa.client import Rasa
from bot.site.routes import site_routes
from stand_ins.rasa import FALLBACK, RasaStandIn
from tests.support import ROOT
from tests.support.content import ANSWER, OFFICES
from tests.support.public_pages import (
    FIRST_SEEN,
    PUBLIC_URL,
    REASON,
    Public,
    clarification,
    write,
)  # fmt: skip


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Library]:
    """The content with an answer in each state, read once."""
    directory = tmp_path_factory.mktemp("whole")
    for name in ("messages.yml", "wards.yml"):
        shutil.copy(ROOT / "content" / name, directory)
    wards = (directory / "wards.yml").read_text(encoding="utf-8")
    kept = [line for line in wards.splitlines() if not line.startswith(("answer:", "papers:"))]
    (directory / "wards.yml").write_text("\n".join(kept), encoding="utf-8")
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    later = 'publish_at: "2099-01-01 08:00"\nsupersedes: [culture.food]'
    for answer_id, text in {
        "culture.food": ANSWER.format(name="food"),
        "culture.music": ANSWER.format(name="music"),
        "culture.old": ANSWER.format(name="old"),
        "culture.new": "supersedes: [culture.old]" + ANSWER.format(name="new"),
        "culture.hidden": ANSWER.format(name="hidden").replace("published", "draft"),
        "culture.later": later + ANSWER.format(name="later"),
        "clarification.e10": clarification("e10", FIRST_SEEN),
        "clarification.law": clarification("law", REASON, "withdrawn"),
        "clarification.wrong": clarification("wrong", status="withdrawn"),
    }.items():
        write(directory, answer_id, text)
    loaded = load(directory)
    assert not loaded.findings
    return directory, loaded.library


@pytest.fixture
async def served(whole: tuple[Path, Library], tmp_path: Path) -> AsyncIterator[Callable[[str], Public]]:
    """Makes the pages for a PUBLIC_URL, of a copy of that content."""
    opened: list[httpx.AsyncClient] = []
    directory = shutil.copytree(whole[0], tmp_path / "content")

    def make(public_url: str) -> Public:
        rasa = RasaStandIn(plans=lambda _: [FALLBACK])
        to_rasa = rasa.client()

        def library() -> Library:
            return pages.library

        routes = site_routes(library, Dialogue(Rasa(to_rasa), library), public_url, utc_now, share_path)
        app = SecurityHeaders(Starlette(routes=routes))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot")
        pages = Public(http, directory, whole[1], rasa)
        opened.extend((to_rasa, http))
        return pages

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
def public(served: Callable[[str], Public]) -> Public:
    """The pages of a bot that knows its address."""
    return served(PUBLIC_URL)


@pytest.fixture
def local(served: Callable[[str], Public]) -> Public:
    """The pages of a bot that does not."""
    return served("")
