"""GET /figures/: the figures of each month for everybody, as CSV and JSON under addresses that stay."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content.library import Library
from bot.desk import open_figures
from bot.desk.figures import Figures, month_named, read
from bot.domain.clock import Clock, local_day
from bot.domain.language import Language
from bot.storage import traffic
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway

PATH = "/figures/"

FRESH_SECONDS = 300
"""How old what is given out may be. So the database is asked once in that time, whoever asks how often."""

CACHED_MOST = 200
"""Bodies that are kept; more than there are months in eight years."""

_TYPES = {"csv": "text/csv", "json": "application/json", "html": "text/html"}


@dataclass(frozen=True, slots=True)
class _Made:
    body: str
    etag: str
    until: float


class OpenFigures:
    """The open figures over the bot's database."""

    def __init__(self, database: Database, library: Callable[[], Library], clock: Clock) -> None:
        self._database = database
        self._library = library
        self._clock = clock
        self._made: dict[str, _Made] = {}

    def routes(self) -> list[BaseRoute]:
        """The index, and a month in each form."""
        return [
            Route(PATH, self._index),
            Route(PATH + "{month}.csv", self._csv),
            Route(PATH + "{month}.json", self._json),
        ]

    async def _index(self, request: Request) -> Response:
        return await self._answer(request, "index.html", self._page)

    async def _csv(self, request: Request) -> Response:
        return await self._of_month(request, "csv", open_figures.as_csv)

    async def _json(self, request: Request) -> Response:
        return await self._of_month(request, "json", open_figures.as_json)

    async def _of_month(
        self, request: Request, ending: str, made: Callable[[Figures, Library], str]
    ) -> Response:
        name = request.path_params["month"]

        async def make() -> str | None:
            first = month_named(name)
            if first is None:
                return None
            today = local_day(self._clock())

            def work(connection: Connection) -> Figures | None:
                is_counted = first in traffic.months(connection)
                return read(connection, first, today) if is_counted else None

            figures = await self._database.transact(work)
            return made(figures, self._library()) if figures else None

        return await self._answer(request, f"{name}.{ending}", make)

    async def _page(self) -> str:
        months = await self._database.transact(traffic.months)
        today = local_day(self._clock())
        return _index_page([(f"{first:%Y-%m}", traffic.next_month(first) <= today) for first in months])

    async def _answer(
        self, request: Request, name: str, make: Callable[[], Awaitable[str | None]]
    ) -> Response:
        found = self._made.get(name)
        if found is None or found.until < time.monotonic():
            try:
                body = await make()
            except DatabaseAway:
                return PlainTextResponse("The figures cannot be read now.", 503, {"Retry-After": "60"})
            if body is None:
                return PlainTextResponse("There are no figures of this month.", 404)
            etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
            found = _Made(body, etag, time.monotonic() + FRESH_SECONDS)
            if len(self._made) >= CACHED_MOST:
                self._made.clear()
            self._made[name] = found
        headers = {"ETag": found.etag, "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
        if found.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        kind = name.rpartition(".")[2]
        if kind == "html":
            return HTMLResponse(found.body, headers=headers)
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Content-Disposition"] = f'inline; filename="hoi-can-tho-{name}"'
        return Response(found.body, headers=headers, media_type=_TYPES[kind])


def _index_page(months: list[tuple[str, bool]]) -> str:
    """The index: what there is, in both languages. months: with whether each is over."""
    said = open_figures.words()
    parts = [
        '<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<title>{escape(said["title"]["vi"])}</title>',
        f'<link rel="license" href="{open_figures.LICENCE}"></head><body><main>',
    ]  # fmt: skip
    for language in Language:
        text = said["page"]
        rows = "".join(
            f'<li>{month}: <a href="{PATH}{month}.csv" hreflang="{language}">CSV</a>, '
            f'<a href="{PATH}{month}.json">JSON</a>'
            + ("" if is_closed else f" ({escape(text['running'][language])})")
            + "</li>"
            for month, is_closed in months
        )
        columns = "".join(
            f"<dt><code>{name}</code></dt><dd>{escape(meaning[language])}</dd>"
            for name, meaning in said["fields"].items()
        )
        heading = "h1" if language is Language.VI else "h2"
        parts.append(
            f'<section lang="{language}"><{heading}>{escape(said["title"][language])}</{heading}>'
            f"<p>{escape(said['description'][language])}</p><p>{escape(said['hidden'][language])}</p>"
            f'<p><a rel="license" href="{open_figures.LICENCE}">{escape(text["licence"][language])}</a></p>'
            f"<h3>{escape(text['months'][language])}</h3>"
            + (f"<ul>{rows}</ul>" if months else f"<p>{escape(text['none'][language])}</p>")
            + f"<h3>{escape(text['fields'][language])}</h3><dl>{columns}</dl></section>"
        )
    parts.append("</main></body></html>")
    return "\n".join(parts)
