"""Puts the editors' pages together, and serves them: a process of its own, with a database of its own."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.desk.accounts import Account, Accounts
from bot.domain.clock import Clock, utc_now
from bot.editing.login import Login
from bot.editing.same_origin import SameOrigin
from bot.editing.site import STATIC, Site
from bot.storage.database import Database, migrate

MIGRATIONS = Path(__file__).parent.parent / "storage" / "editors" / "migrations"


async def open_database(url: str) -> Database:
    """The database of the editors' pages, brought up to date.

    Raises:
        DatabaseUnusable: why it cannot be used.
    """
    database = Database(url)
    await migrate(database, MIGRATIONS)
    return database


def create_app(database: Database, key: str, *, is_secure: bool, clock: Clock = utc_now) -> Starlette:
    """The pages over an opened database.

    Args:
        database: of the editors' pages, up to date.
        key: encrypts the secrets of one-time codes (EDITORS_KEY).
        is_secure: they are reached by https.
        clock: the time.
    """
    site = Site(database, Accounts(key), clock, is_secure=is_secure)

    async def start(request: Request, account: Account) -> Response:
        return site.draw(request, "start.html", account)

    routes: list[BaseRoute] = [
        Route("/", site.for_editors(start)),
        *Login(site).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(SameOrigin)])
