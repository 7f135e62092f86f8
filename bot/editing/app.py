"""Puts the editors' pages together, and serves them: a process of its own, with a database of its own."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.content.ward_offices import WARDS
from bot.desk.accounts import Accounts
from bot.desk.editing import BULLETINS, MESSAGES, OFFICES, EditingDesk, NotFound, NotYours, Refused
from bot.desk.offices import OF_CITY, OF_WARDS
from bot.desk.passkeys import Passkeys
from bot.editing.administration import Administration
from bot.editing.announcing import Announcing
from bot.editing.answers import Answers
from bot.editing.bulletins import Bulletins
from bot.editing.edit import Edit
from bot.editing.emergency import Emergency
from bot.editing.figures import FiguresPage
from bot.editing.login import Login
from bot.editing.offices import OfficePages
from bot.editing.passkeys import PasskeyPages
from bot.editing.publications import Publications
from bot.editing.questions import Questions
from bot.editing.same_origin import SameOrigin
from bot.editing.sentences import SentencePages
from bot.editing.site import STATIC, Site
from bot.storage.database import Database
from bot.storage.editors import MIGRATIONS
from bot.storage.errors import DatabaseAway
from bot.storage.schema import migrate


async def open_database(url: str) -> Database:
    """The database of the editors' pages, brought up to date.

    Raises:
        DatabaseUnusable: why it cannot be used.
    """
    database = Database(url)
    await migrate(database, MIGRATIONS)
    return database


def create_app(desk: EditingDesk, key: str, address: str) -> Starlette:
    """The pages over a desk.

    Args:
        desk: what editors work with; its database is up to date.
        key: encrypts the secrets of one-time codes (EDITORS_KEY).
        address: at which editors reach the pages; https:// keeps cookies to it.
    """
    site = Site(desk.database, Accounts(key), desk.clock, address)
    offices, wards = OfficePages(site, desk, OF_CITY), OfficePages(site, desk, OF_WARDS)
    sentences, bulletins = SentencePages(site, desk), Bulletins(site, desk)
    parts = {
        OFFICES: offices.parts,
        WARDS: wards.parts,
        MESSAGES: sentences.parts,
        BULLETINS: bulletins.parts,
    }
    edit = Edit(site, desk, parts)
    routes: list[BaseRoute] = [
        *offices.routes(),
        *wards.routes(),
        *sentences.routes(),
        *bulletins.routes(),
        *FiguresPage(site, desk).routes(),
        *Administration(site, desk).routes(),
        *Answers(site, desk).routes(),
        *Publications(site, desk, edit).routes(),
        *Questions(site, desk, edit).routes(),
        *Announcing(site, desk).routes(),
        *Emergency(site, desk, edit).routes(),
        *edit.routes(),
        *Login(site).routes(),
        *PasskeyPages(site, Passkeys(key, site.accounts)).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/health", _health),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101  (Starlette's signature says less)
        status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotYours) else 422
        account = await site.account_of(request)
        return site.refuse(request, account, error.key, status, error.values, error.problems)

    async def away(request: Request, _error: Exception) -> Response:
        return site.refuse(request, None, "database_away", 503)

    async def left(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    async def failed(request: Request, _error: Exception) -> Response:  # it is logged all the same
        return site.refuse(request, None, "went_wrong", 500)

    return Starlette(
        routes=routes,
        middleware=[Middleware(SameOrigin)],
        exception_handlers={Refused: refused, DatabaseAway: away, ClientDisconnect: left, Exception: failed},
    )


async def _health(_request: Request) -> Response:
    """The process lives; for whoever keeps it alive, without a login."""
    return JSONResponse({"live": True})
