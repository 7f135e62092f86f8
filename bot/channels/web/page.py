"""GET /: the chat page, in the language of whoever opens it.

It has no inline script or style: the application's security policy allows neither.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.content.library import Library
from bot.domain import payload
from bot.domain.answer import TOPICS
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.domain.message import TEXT_LIMIT
from bot.reading import tesseract

HERE = Path(__file__).parent
STATIC = HERE / "static"

LANGUAGE_COOKIE = "language"
SENT_MOST = 8 * TEXT_LIMIT
"""Characters of a question that the page sends: in any script less than what the interface takes."""

YEAR = 365 * 24 * 3600

_LANGUAGE_RANGE = re.compile(
    r"[ \t]*(?P<tag>[a-z]{1,8})(?:-[a-z0-9]{1,8})*[ \t]*"
    r"(?:;[ \t]*q=(?P<weight>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?",
    re.IGNORECASE | re.ASCII,
)
"""One entry of Accept-Language; one that is written otherwise asks for nothing."""


def page_routes(library: Callable[[], Library]) -> list[BaseRoute]:
    """The page and its files."""

    async def page(request: Request) -> Response:
        chosen = _known(request.query_params.get("lang"))
        response = page_response(request, library(), _known(request.cookies.get(LANGUAGE_COOKIE)))
        response.headers["Vary"] = "Accept-Language, Cookie"
        if chosen:
            response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=YEAR, httponly=True, samesite="lax")
        return response

    return [Route("/", page), Mount("/static", StaticFiles(directory=STATIC), name="static")]


def page_response(
    request: Request, content: Library, remembered: Language | None, origins: Sequence[str] = ()
) -> Response:
    """The page, in the language of `lang`, else in the one that is remembered, else in the browser's.

    origins: of the sites in whose frame it is shown; empty: it is in none.
    """
    language = _known(request.query_params.get("lang")) or remembered or _preferred(request)
    html = _template().render(
        language=language,
        languages=list(Language),
        page=content.messages.page,
        labels=content.messages.labels,
        sharing=content.messages.sharing,
        alert=_alert(content, language),
        topics=[
            (topic, content.messages.topic_name(topic)[language], payload.for_topic(topic))
            for topic in TOPICS
            if content.of_topic(topic)
        ],
        read_most=TEXT_LIMIT,
        sent_most=SENT_MOST,
        about_this=content.messages.site.about_this[language],
        every_page=content.messages.site.home[language],
        static=static_address,
        origins=origins,
        reads_pictures=tesseract.problem() is None,
    )
    headers = {"Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(html, headers=headers)


@cache
def _template() -> Template:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("page.html")


@cache
def static_address(name: str) -> str:
    """Where one of the page's files is. A changed file gets another address, so that nobody has an old script
    beside a new page."""
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]
    return f"/static/{name}?v={version}"


def _alert(content: Library, language: Language) -> str | None:
    """What the page says before anybody has asked: that it is switched off, or an emergency."""
    said = content.messages.paused.on("web") or content.notice
    return said[language] if said else None


def _known(code: str | None) -> Language | None:
    return Language(code) if code in set(Language) else None


def _preferred(request: Request) -> Language:
    """The first of our languages that the browser asks for (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, Language]] = []
    for entry in request.headers.get("accept-language", "")[:500].split(","):
        if asked := _LANGUAGE_RANGE.fullmatch(entry):
            language = _known(asked["tag"].lower())
            if language and (weight := float(asked["weight"] or 1)) > 0:
                wanted.append((weight, language))
    return max(wanted, key=lambda entry: entry[0], default=(0.0, DEFAULT_LANGUAGE))[1]
