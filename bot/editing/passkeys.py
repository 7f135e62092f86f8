"""The pages of passkeys: one's own, and logging in with one. What asks the authenticator is passkey.js."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.desk import audit
from bot.desk.accounts import Account, NotAllowed, TooSoon
from bot.desk.passkeys import Asked, Passkeys, Place, credential_of
from bot.editing import forms
from bot.editing.login import address_of
from bot.editing.site import Site, back, own_path


class PasskeyPages:
    """Passkeys over HTTP."""

    def __init__(self, site: Site, passkeys: Passkeys) -> None:
        self._site = site
        self._passkeys = passkeys
        self._place = Place(urlsplit(site.address).hostname or "", site.address)
        self._hashing = asyncio.Semaphore(1)

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, post = self._site.for_editors, ["POST"]
        return [
            Route("/account/passkeys", mine(self._list), methods=["GET"]),
            Route("/account/passkeys", mine(self._add), methods=post),
            Route("/account/passkeys/options", mine(self._ask_to_add), methods=post),
            Route("/account/passkeys/remove", mine(self._remove), methods=post),
            Route("/login/passkey/options", self._ask_who, methods=post),
            Route("/login/passkey", self._log_in, methods=post),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        passkeys = await self._site.database.transact(
            lambda connection: self._passkeys.of(connection, account.id)
        )
        return self._site.draw(
            request, "passkeys.html", account, passkeys=passkeys, is_added="added" in request.query_params
        )

    async def _ask_to_add(self, request: Request, account: Account) -> Response:
        """Only who knows the password adds a passkey: a session that was left open is not enough."""
        password = forms.text(await forms.read(request), "password")
        place, address, now = self._place, address_of(request), self._site.clock()
        accounts = self._site.accounts

        def check(connection: Connection) -> bool:
            accounts.check_attempts(connection, account.name, address, now)
            is_right = accounts.is_password(connection, account, password)
            if not is_right:
                accounts.note_attempt(connection, account.name, address, now, is_right=False)
            return is_right

        try:
            async with self._hashing:
                is_right = await self._site.database.transact(check)
            if not is_right:
                return _refused("old_password_wrong")
            asked = await self._site.database.transact(
                lambda connection: self._passkeys.ask_to_add(connection, account, place, now)
            )
        except TooSoon:
            return _refused("passkey_too_soon", 429)
        except NotAllowed as error:
            return _refused(error.key)
        return _question(asked)

    async def _add(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        token, answer = forms.text(form, "token"), forms.text(form, "answer")
        name = " ".join(forms.text(form, "name").split()) or account.name
        place, now = self._place, self._site.clock()

        def add(connection: Connection) -> None:
            self._passkeys.add(connection, account, place, token, answer, name, now)
            audit.note(connection, account.name, "add_passkey", account.name, now, passkey=name)

        try:
            await self._site.database.transact(add)
        except NotAllowed as error:
            return _refused(error.key)
        return back(request, "/account/passkeys?added")

    async def _remove(self, request: Request, account: Account) -> Response:
        credential_id, now = forms.text(await forms.read(request), "id"), self._site.clock()

        def remove(connection: Connection) -> None:
            name = self._passkeys.remove(connection, account, credential_id)
            if name is not None:
                audit.note(connection, account.name, "remove_passkey", account.name, now, passkey=name)

        await self._site.database.transact(remove)
        return back(request, "/account/passkeys")

    async def _ask_who(self, request: Request) -> Response:
        return _question(self._passkeys.ask_who(self._place, self._site.clock()))

    async def _log_in(self, request: Request) -> Response:
        form = await forms.read(request)
        token, answer = forms.text(form, "token"), forms.text(form, "answer")
        place, address, now = self._place, address_of(request), self._site.clock()
        accounts = self._site.accounts
        named = f"passkey {credential_of(answer)}"

        def log_in(connection: Connection) -> str | None:
            accounts.check_attempts(connection, named, address, now)
            account = self._passkeys.log_in(connection, place, token, answer, now)
            accounts.note_attempt(connection, named, address, now, is_right=account is not None)
            if account is None:
                return None
            audit.note(connection, account.name, "log_in_passkey", account.name, now)
            return accounts.begin_session(connection, account, now)

        try:
            session = await self._site.database.transact(log_in)
        except TooSoon:
            return _refused("passkey_too_soon", 429)
        if session is None:
            return _refused("passkey_not_right", 403)
        response = back(request, own_path(forms.text(form, "then")))
        self._site.set_session(response, session)
        return response


def _question(asked: Asked) -> Response:
    data = {"options": json.loads(asked.options), "token": asked.token}
    return JSONResponse(data, headers={"Cache-Control": "no-store"})


def _refused(key: str, status: int = 422) -> Response:
    return JSONResponse({"error": key}, status)
