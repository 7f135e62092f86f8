"""What every page of the editors needs: who asks, in which language, and how a page is drawn."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.desk.accounts import Account, Accounts
from bot.desk.editing import Problem
from bot.domain.clock import VIETNAM, Clock
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.editing.words import Words
from bot.storage.database import Database

HERE = Path(__file__).parent
STATIC = HERE / "static"

LANGUAGE_COOKIE = "editors_language"
YEAR = 365 * 24 * 3600

Page = Callable[[Request, Account], Awaitable[Response]]


class Site:
    """The pages' common ground."""

    def __init__(self, database: Database, accounts: Accounts, clock: Clock, address: str) -> None:
        """`address`: at which editors reach the pages; with https, cookies are kept to it."""
        self.database = database
        self.accounts = accounts
        self.clock = clock
        self.address = address
        self.is_secure = address.startswith("https://")
        # A browser takes a cookie with this beginning only over https, for this host, and no other's.
        self.cookie = "__Host-editor" if self.is_secure else "editor"

    async def account_of(self, request: Request) -> Account | None:
        """Who asks, by their session; None if nobody is logged in."""
        token = request.cookies.get(self.cookie)
        if not token:
            return None
        now = self.clock()
        return await self.database.transact(
            lambda connection: self.accounts.of_session(connection, token, now)
        )

    def for_editors(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page for whoever is logged in; others are asked to, and come back to it."""

        async def guarded(request: Request) -> Response:
            account = await self.account_of(request)
            if account is not None:
                return await page(request, account)
            if wants_data(request):
                return JSONResponse({"error": "logged_out"}, 401)
            if request.method != "GET":
                return self.draw(request, "logged_out.html", None, status=401)
            where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?then={quote(where, safe='')}", 303)

        return guarded

    def draw(
        self, request: Request, template: str, account: Account | None, *, status: int = 200, **values: Any
    ) -> Response:
        """A page, in its reader's language. It is stored nowhere on the way."""
        language = self.language_of(request, account)
        html = _templates().get_template(template).render(
            site_address=self.address,
            t=Words(language), language=language, account=account,
            path=request.url.path, **values,
        )  # fmt: skip
        return HTMLResponse(html, status, {"Cache-Control": "no-store", "Content-Language": language})

    def language_of(self, request: Request, account: Account | None) -> Language:
        """The reader's language: their account's, or what they chose before logging in."""
        chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        if account is not None:
            return account.language
        return Language(chosen) if chosen in set(Language) else DEFAULT_LANGUAGE

    def refuse(
        self,
        request: Request,
        account: Account | None,
        key: str,
        status: int = 403,
        values: Mapping[str, str] | None = None,
        problems: Sequence[Problem] = (),
    ) -> Response:
        """A page, or data, that says why something is not done, and what to mend."""
        if wants_data(request):
            return JSONResponse({"error": key}, status)
        return self.draw(
            request, "refused.html", account, status=status, reason=key, values=values or {},
            problems=problems,
        )  # fmt: skip

    def set_session(self, response: Response, token: str) -> None:
        """Give the browser the session's token."""
        response.set_cookie(
            self.cookie, token, httponly=True, samesite="lax", secure=self.is_secure, path="/"
        )

    def end_session(self, response: Response) -> None:
        """Let the browser forget the session's token."""
        response.delete_cookie(self.cookie, httponly=True, samesite="lax", secure=self.is_secure, path="/")


def wants_data(request: Request) -> bool:
    """Whether a script asks, and not a person."""
    return "application/json" in request.headers.get("accept", "")


def back(request: Request, to: str) -> Response:
    """After a form: to the page `to`, which a reload does not send again; a script gets the address."""
    if wants_data(request):
        return JSONResponse({"to": to})
    return RedirectResponse(to, 303)


def own_path(given: str | None) -> str:
    """A path of ours that a request named; the start page if it is none: no other site is led to."""
    is_ours = given and given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if given and is_ours and given.isprintable() else "/"


def moment(at: datetime.datetime) -> str:
    """A moment as an editor in Việt Nam reads it: 28/11/2026 23:05."""
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def as_read(written: str) -> str:
    """A moment of a file, 2026-11-28 23:05, as `moment` shows one; anything else as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(?: (\d{2}:\d{2}))?", written, re.ASCII)
    if not found:
        return written
    year, month, day, time = found.groups()
    return f"{day}/{month}/{year}{f' {time}' if time else ''}"


@cache
def _templates() -> Environment:
    """The templates, each compiled once."""
    versions = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:8] for path in STATIC.iterdir()}
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["static"] = lambda name: f"/static/{name}?v={versions[name]}"
    environment.filters["moment"] = moment
    environment.filters["as_read"] = as_read
    return environment
