"""Who may work on the pages and what was done on them; for who may administer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.content.fields import cleaned
from bot.desk import audit
from bot.desk.accounts import Account, NotAllowed
from bot.desk.editing import EditingDesk
from bot.editing import forms
from bot.editing.offices import names_of
from bot.editing.site import Page, Site, back, moment

NAME_MOST, EMAIL_MOST = 100, 254
"""Characters of a full name, and of an e-mail address (RFC 5321)."""

RIGHTS = ("may_write", "may_approve", "may_administer")
SCOPES = ("all", "some")

PAGE = 100
"""Entries of the audit list on a page."""

EXPORTED_AT_ONCE = 1000

_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the form of an account says. scope: `all` offices, `some`, or "" if nothing was chosen."""

    name: str = ""
    full_name: str = ""
    email: str = ""
    rights: frozenset[str] = frozenset({"may_write"})
    scope: str = ""
    offices: frozenset[str] = frozenset()


class Administration:
    """The pages of accounts and of the audit list."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, post = self._for_administrators, ["POST"]
        return [
            Route("/editors", mine(self._list), methods=["GET"]),
            Route("/editors", mine(self._invite), methods=post),
            Route("/editors/{id:int}", mine(self._editor), methods=["GET"]),
            Route("/editors/{id:int}", mine(self._change), methods=post),
            Route("/editors/{id:int}/link", mine(self._link), methods=post),
            Route("/editors/{id:int}/close", mine(self._close), methods=post),
            Route("/editors/{id:int}/open", mine(self._open), methods=post),
            Route("/audit", mine(self._audit), methods=["GET"]),
            Route("/audit.csv", mine(self._export), methods=["GET"]),
        ]

    def _for_administrators(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request, account: Account) -> Response:
            if not account.may_administer:
                return self._site.refuse(request, account, "not_administrator")
            return await page(request, account)

        return self._site.for_editors(guarded)

    # Accounts.

    async def _list(self, request: Request, account: Account) -> Response:
        return await self._draw_list(request, account, _Typed())

    async def _draw_list(
        self, request: Request, account: Account, typed: _Typed, problem: str | None = None
    ) -> Response:
        editors = await self._site.database.transact(self._site.accounts.all)
        return self._site.draw(
            request, "editors.html", account, status=422 if problem else 200, editors=editors, typed=typed,
            problem=problem, rights=RIGHTS, offices=self._offices(request, account),
        )  # fmt: skip

    async def _invite(self, request: Request, account: Account) -> Response:
        typed = _typed(await forms.read(request), self._desk.library().offices)
        problem = _problem(typed)
        if problem:
            return await self._draw_list(request, account, typed, problem)
        invited = _account(Account(0, typed.name, "", language=account.language), typed)
        now = self._site.clock()

        def invite(connection: Connection) -> str:
            token = self._site.accounts.invite(connection, invited, now)
            audit.note(connection, account.name, "invite", invited.name, now, **_rights(invited))
            return token

        try:
            token = await self._site.database.transact(invite)
        except NotAllowed as error:
            return await self._draw_list(request, account, typed, error.key)
        return self._draw_link(request, account, invited, token)

    async def _editor(self, request: Request, account: Account) -> Response:
        editor = await self._asked(request)
        if editor is None:
            return self._site.refuse(request, account, "not_found", 404)
        return self._draw_editor(request, account, editor, _typed_of(editor))

    def _draw_editor(
        self, request: Request, account: Account, editor: Account, typed: _Typed, problem: str | None = None
    ) -> Response:
        return self._site.draw(
            request, "editor.html", account, status=422 if problem else 200, editor=editor, typed=typed,
            problem=problem, rights=RIGHTS, offices=self._offices(request, account),
            is_saved="saved" in request.query_params,
        )  # fmt: skip

    async def _change(self, request: Request, account: Account) -> Response:
        editor = await self._asked(request)
        if editor is None:
            return self._site.refuse(request, account, "not_found", 404)
        typed = _typed(await forms.read(request), self._desk.library().offices)
        problem = _problem(typed)
        if problem:
            return self._draw_editor(request, account, editor, typed, problem)
        changed, now = _account(editor, typed), self._site.clock()

        def change(connection: Connection) -> None:
            self._site.accounts.change(connection, changed)
            audit.note(connection, account.name, "change_rights", editor.name, now, **_rights(changed))

        try:
            await self._site.database.transact(change)
        except NotAllowed as error:
            return self._draw_editor(request, account, editor, typed, error.key)
        return back(request, f"/editors/{editor.id}?saved")

    async def _link(self, request: Request, account: Account) -> Response:
        """A link to begin anew: a lost phone, a forgotten password."""
        editor = await self._asked(request)
        if editor is None or editor.is_disabled:
            return self._site.refuse(request, account, "not_found", 404)
        now = self._site.clock()

        def link(connection: Connection) -> str:
            audit.note(connection, account.name, "new_link", editor.name, now)
            return self._site.accounts.reset(connection, editor.id, now)

        token = await self._site.database.transact(link)
        return self._draw_link(request, account, editor, token)

    def _draw_link(self, request: Request, account: Account, editor: Account, token: str) -> Response:
        link = f"{self._site.address}/invitation/{token}"
        return self._site.draw(request, "link.html", account, editor=editor, link=link)

    async def _close(self, request: Request, account: Account) -> Response:
        editor = await self._asked(request)
        if editor is None:
            return self._site.refuse(request, account, "not_found", 404)
        form = await forms.read(request)
        if forms.text(form, "sure") != f"close {editor.name}":
            return self._draw_editor(request, account, editor, _typed_of(editor), "close_not_sure")
        now = self._site.clock()

        def close(connection: Connection) -> None:
            self._site.accounts.disable(connection, editor.id, now)
            audit.note(connection, account.name, "close_account", editor.name, now)

        try:
            await self._site.database.transact(close)
        except NotAllowed as error:
            return self._draw_editor(request, account, editor, _typed_of(editor), error.key)
        return back(request, f"/editors/{editor.id}?saved")

    async def _open(self, request: Request, account: Account) -> Response:
        editor = await self._asked(request)
        if editor is None:
            return self._site.refuse(request, account, "not_found", 404)
        now = self._site.clock()

        def reopen(connection: Connection) -> None:
            self._site.accounts.enable(connection, editor.id)
            audit.note(connection, account.name, "open_account", editor.name, now)

        await self._site.database.transact(reopen)
        return back(request, f"/editors/{editor.id}?saved")

    async def _asked(self, request: Request) -> Account | None:
        editor_id = request.path_params["id"]
        if editor_id >= 2**31:  # no database has such an id
            return None
        return await self._site.database.transact(
            lambda connection: self._site.accounts.find(connection, editor_id)
        )

    def _offices(self, request: Request, account: Account) -> dict[str, str]:
        return names_of(self._desk.library().offices, self._site.language_of(request, account))

    # What was done.

    async def _audit(self, request: Request, account: Account) -> Response:
        asked = request.query_params.get("before", "")
        before = int(asked) if re.fullmatch(r"[0-9]{1,9}", asked, re.ASCII) else None
        found = await self._site.database.transact(
            lambda connection: audit.entries(connection, PAGE + 1, before=before)
        )
        entries, more = found[:PAGE], found[PAGE:]
        return self._site.draw(
            request, "audit.html", account, entries=entries, before=before,
            next_before=entries[-1].id if more else None,
        )  # fmt: skip

    async def _export(self, request: Request, account: Account) -> Response:
        now = self._site.clock()
        await self._site.database.transact(
            lambda connection: audit.note(connection, account.name, "export_audit", "audit", now)
        )
        name = f"audit-{now:%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(self._rows(), media_type="text/csv; charset=utf-8", headers=headers)

    async def _rows(self) -> AsyncIterator[bytes]:
        yield "\ufeff".encode()  # so that programs for tables take the letters for what they are
        yield csv_row("time", "editor", "action", "subject", "detail")
        before: int | None = None
        while True:
            since = before
            found = await self._site.database.transact(
                lambda connection, since=since: audit.entries(connection, EXPORTED_AT_ONCE, before=since)  # type: ignore[misc]
            )
            if not found:
                return
            for entry in found:
                detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
                yield csv_row(moment(entry.at), entry.editor, entry.action, entry.subject, detail)
            before = found[-1].id


def csv_row(*cells: str) -> bytes:
    """A line of a table. No cell is one that a program for tables takes for a formula."""
    text = io.StringIO()
    harmless = (f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells)
    csv.writer(text, lineterminator="\r\n").writerow(harmless)
    return text.getvalue().encode()


def _typed(form: FormData, known: Collection[str]) -> _Typed:
    scope, chosen = forms.text(form, "scope"), form.getlist("office")
    if chosen and not scope:
        scope = "some"
    return _Typed(
        name=forms.text(form, "name").strip().lower(), full_name=_line(forms.text(form, "full_name")),
        email=_line(forms.text(form, "email")),
        rights=frozenset(right for right in RIGHTS if forms.text(form, right)),
        scope=scope if scope in SCOPES else "", offices=frozenset(key for key in known if key in chosen),
    )  # fmt: skip


def _typed_of(account: Account) -> _Typed:
    return _Typed(
        account.name, account.full_name, account.email or "",
        frozenset(right for right in RIGHTS if getattr(account, right)),
        "all" if account.offices is None else "some", account.offices or frozenset(),
    )  # fmt: skip


def _problem(typed: _Typed) -> str | None:
    """The phrase for what is wrong with a form; None if nothing is."""
    if not 0 < len(typed.full_name) <= NAME_MOST or set(typed.full_name) & set("<>"):
        return "full_name_form"
    if typed.email and not (len(typed.email) <= EMAIL_MOST and _EMAIL.fullmatch(typed.email)):
        return "email_form"
    if not typed.rights:
        return "rights_none"
    if not typed.scope or (typed.scope == "some" and not typed.offices):
        return "offices_none"
    return "offices_unclear" if typed.scope == "all" and typed.offices else None


def _account(before: Account, typed: _Typed) -> Account:
    return replace(
        before, full_name=typed.full_name, email=typed.email or None,
        offices=None if typed.scope == "all" else typed.offices,
        may_write="may_write" in typed.rights, may_approve="may_approve" in typed.rights,
        may_administer="may_administer" in typed.rights,
    )  # fmt: skip


def _rights(account: Account) -> dict[str, object]:
    offices = "all" if account.offices is None else sorted(account.offices)
    return {**{right: getattr(account, right) for right in RIGHTS}, "offices": offices}


def _line(text: str) -> str:
    return " ".join(str(cleaned(text)).split())
