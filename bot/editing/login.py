"""Logging in, invitations, and one's own account."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.desk import audit
from bot.desk.accounts import Account, NotAllowed, TooSoon, new_totp_secret, totp_address
from bot.domain.language import Language
from bot.editing.codes import picture_of
from bot.editing.site import LANGUAGE_COOKIE, YEAR, Site, back, own_path

FIELD_MOST = 1000
"""Characters of a field of these forms."""


class Login:
    """The pages around an account."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # Argon2 takes 64 MiB each time it is asked: two at once, whoever knocks.
        self._hashing = asyncio.Semaphore(2)

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine = self._site.for_editors
        return [
            Route("/login", self._login, methods=["GET", "POST"]),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/language", self._language, methods=["POST"]),
            Route("/invitation/{token}", self._invitation, methods=["GET", "POST"]),
            Route("/account", mine(self._account), methods=["GET"]),
            Route("/account/password", mine(self._password), methods=["POST"]),
            Route("/account/sessions", mine(self._end_sessions), methods=["POST"]),
        ]

    async def _login(self, request: Request) -> Response:
        site = self._site
        then = own_path(request.query_params.get("then"))
        if request.method == "GET":
            return site.draw(request, "login.html", None, then=then, problem=None, name="", seconds=0)
        form = await _form(request)
        name, password, code = (form.get(key, "") for key in ("name", "password", "code"))
        then = own_path(form.get("then"))
        address, now = address_of(request), site.clock()

        def check(connection: Connection) -> None:
            site.accounts.check_attempts(connection, name, address, now)

        def log_in(connection: Connection) -> str | None:
            account = site.accounts.log_in(connection, name, password, code, now)
            is_right = account is not None
            site.accounts.note_attempt(connection, name, address, now, is_right=is_right)
            if account is None:
                return None
            audit.note(connection, account.name, "log_in", account.name, now)
            return site.accounts.begin_session(connection, account, now)

        try:
            await site.database.transact(check)
            async with self._hashing:
                token = await site.database.transact(log_in)
        except TooSoon as error:
            return site.draw(
                request, "login.html", None, status=429, then=then, problem="login_too_soon", name=name,
                seconds=round(error.seconds) + 1,
            )  # fmt: skip
        if token is None:
            return site.draw(
                request,
                "login.html",
                None,
                status=403,
                then=then,
                problem="login_wrong",
                name=name,
                seconds=0,
            )
        response = back(request, then)
        site.set_session(response, token)
        return response

    async def _logout(self, request: Request) -> Response:
        site = self._site
        if token := request.cookies.get(site.cookie):
            await site.database.transact(lambda connection: site.accounts.end_session(connection, token))
        response = RedirectResponse("/login", 303)
        site.end_session(response)
        return response

    async def _language(self, request: Request) -> Response:
        """Switch the language of the pages, for good."""
        site = self._site
        form = await _form(request)
        chosen = form.get("language")
        response = RedirectResponse(own_path(form.get("then")), 303)
        if chosen in set(Language):
            language = Language(chosen)
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, httponly=True, samesite="lax")
            account = await site.account_of(request)
            if account is not None:
                changed = replace(account, language=language)
                await site.database.transact(
                    lambda connection: site.accounts.set_language(connection, changed.id, language)
                )
        return response

    async def _invitation(self, request: Request) -> Response:
        site, now = self._site, self._site.clock()
        token = request.path_params["token"]
        account = await site.database.transact(
            lambda connection: site.accounts.invited(connection, token, now)
        )
        if account is None:
            return site.refuse(request, None, "invitation_over", 410)
        if request.method == "GET":
            return self._draw_invitation(request, account, new_totp_secret(), None)
        form = await _form(request)
        password, secret, code = (form.get(key, "") for key in ("password", "secret", "code"))
        if password != form.get("again"):
            return self._draw_invitation(request, account, secret, "passwords_differ")

        def accept(connection: Connection) -> str:
            begun = site.accounts.accept(connection, token, password, secret, code, now)
            audit.note(connection, begun.name, "begin", begun.name, now)
            return site.accounts.begin_session(connection, begun, now)

        try:
            async with self._hashing:
                session = await site.database.transact(accept)
        except NotAllowed as error:
            return self._draw_invitation(request, account, secret, error.key)
        response = RedirectResponse("/", 303)
        site.set_session(response, session)
        return response

    def _draw_invitation(
        self, request: Request, account: Account, secret: str, problem: str | None
    ) -> Response:
        address = totp_address(secret, account.name)
        return self._site.draw(
            request, "invitation.html", None, status=422 if problem else 200, invited=account, secret=secret,
            address=address, picture=picture_of(address), problem=problem,
        )  # fmt: skip

    async def _account(self, request: Request, account: Account) -> Response:
        return self._site.draw(request, "account.html", account, problem=None)

    async def _password(self, request: Request, account: Account) -> Response:
        site, now = self._site, self._site.clock()
        form = await _form(request)
        if form.get("new") != form.get("again"):
            return site.draw(request, "account.html", account, status=422, problem="passwords_differ")

        def change(connection: Connection) -> str:
            site.accounts.change_password(connection, account, form.get("old", ""), form.get("new", ""))
            audit.note(connection, account.name, "change_password", account.name, now)
            return site.accounts.begin_session(connection, account, now)

        try:
            async with self._hashing:
                token = await site.database.transact(change)
        except NotAllowed as error:
            return site.draw(request, "account.html", account, status=422, problem=error.key)
        response = RedirectResponse("/account", 303)
        site.set_session(response, token)
        return response

    async def _end_sessions(self, request: Request, account: Account) -> Response:
        site = self._site
        await site.database.transact(lambda connection: site.accounts.end_sessions(connection, account.id))
        response = RedirectResponse("/login", 303)
        site.end_session(response)
        return response


def address_of(request: Request) -> str:
    """From where a request comes, as far as attempts are counted; a network of IPv6 counts as one."""
    host = request.client.host if request.client else ""
    return ":".join(host.split(":")[:4]) if ":" in host else host


async def _form(request: Request) -> dict[str, str]:
    """The texts of a small form; what is too long is no field of ours."""
    form: FormData = await request.form(max_files=0, max_fields=20, max_part_size=FIELD_MOST * 4)
    return {key: value for key, value in form.items() if isinstance(value, str) and len(value) <= FIELD_MOST}
