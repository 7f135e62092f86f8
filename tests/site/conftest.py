"""A small content/ with an answer in each state, and the public pages of it without a server."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.answering.dialogue import Dialogue
from bot.content.library import Library
from bot.content.loading import load
from bot.domain.clock import utc_now
from bot.http_server import SecurityHeaders
from bot.rasa.client import Rasa
from bot.site.routes import site_routes
from tests.support import ROOT
from tests.support.content import ANSWER, OFFICES

PUBLIC_URL = "https://hoi.example"

CLARIFICATION = """
status: published
office: culture
checked: 2026-11-20
review_by: 2100-01-01
sources:
  - {{title: "A <law>", number: 1/2026, issuer: An issuer, date: 2026-11, url: "https://law.example/a?b=1&c=2"}}
related: [culture.food]
verdict: refuted
clarified: {{by: {{vi: Một cơ quan, en: An office}}, date: 2026-11-10}}
{more}
vi:
  title: "{name}: tin </script><b>giả</b>?"
  claim: Tin {name} là thật & đúng.
  answer: |
    Không đúng: **{name}** là "giả" <script>alert(1)</script>.

    - Xem [trang](https://law.example/a).
  questions: ["{name} có thật không"]
  facets: {{law: "Theo **luật**."}}
en:
  title: "{name}: a fake </script><b>claim</b>?"
  claim: The {name} claim is true & right.
  answer: |
    Not true: **{name}** is "fake" <script>alert(1)</script>.

    - See [the page](https://law.example/a).
  questions: ["is the {name} claim true"]
  facets: {{law: "By **law**."}}
"""

FIRST_SEEN = """
first_seen: {url: "https://rumour.example/1", date: 2026-11-01, who: A page}
corrected: {date: 2026-11-15, what: {vi: Ngày đã sửa., en: The date was put right.}}
map: Bến Ninh Kiều
"""

REASON = """
withdrawn: {date: 2026-11-22, reason: {vi: Luật đã đổi., en: The law has changed.}}
"""


@dataclass
class RasaStandIn:
    """What the Rasa side was asked, and what it answers. forgotten: conversations; is_away: it is off."""

    asked: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    plan: dict[str, object] = field(default_factory=lambda: {"reply": "fallback", "reason": "no_answer"})
    is_away: bool = False

    async def _ask(self, request: Request) -> Response:
        if self.is_away:
            return JSONResponse({}, 503)
        body = await request.json()
        self.asked.append(body["message"])
        self.senders.append(body["sender"])
        plans = [{"language": body["metadata"]["language"], **self.plan}]
        return JSONResponse([{"recipient_id": body["sender"], "custom": {"plans": plans}}])

    async def _forget(self, request: Request) -> Response:
        self.forgotten.append(request.path_params["id"])
        return Response(status_code=204)

    def client(self) -> httpx.AsyncClient:
        routes = [
            Route("/webhooks/rest/webhook", self._ask, methods=["POST"]),
            Route("/conversations/{id}", self._forget, methods=["DELETE"]),
        ]
        app = Starlette(routes=routes)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://rasa")


@dataclass
class Public:
    """The pages: a client of them, the content that they show, and the stand-in for Rasa."""

    http: httpx.AsyncClient
    directory: Path
    library: Library
    rasa: RasaStandIn

    def reload(self) -> None:
        """Serve what the files say now."""
        loaded = load(self.directory)
        assert not loaded.findings
        self.library = loaded.library

    def write(self, answer_id: str, text: str) -> None:
        write(self.directory, answer_id, text)


def write(directory: Path, answer_id: str, text: str) -> None:
    """Write an answer's file."""
    topic, _, name = answer_id.partition(".")
    (directory / topic).mkdir(exist_ok=True)
    (directory / topic / f"{name}.yml").write_text(text, encoding="utf-8")


def clarification(name: str, more: str = "", status: str = "published") -> str:
    text = CLARIFICATION.format(name=name, more=more)
    return text.replace("status: published", f"status: {status}")


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
        rasa = RasaStandIn()
        to_rasa = rasa.client()
        dialogue = Dialogue(Rasa(to_rasa), lambda: public.library)
        routes = site_routes(lambda: public.library, dialogue, public_url, utc_now)
        app = SecurityHeaders(Starlette(routes=routes))
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot")
        opened.extend((to_rasa, http))
        public = Public(http, directory, whole[1], rasa)
        return public

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
