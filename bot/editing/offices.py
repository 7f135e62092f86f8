"""The offices' names and how to reach them: a form for each, and a sheet for all of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.content.fields import Value, flat, nested
from bot.content.schema import Office
from bot.content.yaml_file import SIZE_LIMIT
from bot.desk import drafting, history
from bot.desk import offices as desk_offices
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Form, Open
from bot.desk.editing import OFFICES, EditingDesk, NotFound, NotYours, Problem, Right, may_with
from bot.desk.offices import FIELDS_OF_OFFICE, office_form, with_office
from bot.desk.problems import unfinished
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.parts import Parts, Texts
from bot.editing.site import Site, back
from bot.editing.uploads import read_table
from bot.editing.words import Words

SHEET = "sheet-"
"""How the name begins under which a sheet is kept until it is saved or thrown away."""

_LACKING = {"address": ("vi.address", "en.address"), "phone": ("phone",), "website": ("website",)}


@dataclass(frozen=True, slots=True)
class Row:
    """An office in the list. lacks: what nobody has said of it: address, phone, website, source."""

    key: str
    name: str
    fields: Mapping[str, str]
    lacks: tuple[str, ...]
    is_changed: bool


class OfficesFile:
    """content/offices.yml as a file of parts."""

    name = OFFICES
    home = "/offices"

    def __init__(self, desk: EditingDesk) -> None:
        self._desk = desk

    def texts(self, value: Value) -> Texts:
        """Every field of every office."""
        return {path: str(content) for path, content in flat(value).items()}

    def with_texts(self, value: Value, texts: Mapping[str, str]) -> Value:
        """Fields of offices that there are; all else is left out."""
        fields = {
            path: text
            for path, text in texts.items()
            if path.partition(".")[0] in value and path.partition(".")[2] in FIELDS_OF_OFFICE
        }
        return nested({**flat(value), **fields})

    def label(self, words: Words, path: str) -> str:
        """The office's name and the field's."""
        key, _, field = path.partition(".")
        office = self._desk.library().offices.get(key)
        name = office[words.language].name if office else key
        return f"{name}: {words.field_of_office(field)}" if field else name


class Offices:
    """The pages of offices."""

    def __init__(self, site: Site, desk: EditingDesk) -> None:
        self._site = site
        self._desk = desk
        self.parts = Parts(site, desk, OfficesFile(desk))

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, post = self._site.for_editors, ["POST"]
        return [
            Route("/offices", mine(self._list), methods=["GET"]),
            Route("/offices/sheet.csv", mine(self._download), methods=["GET"]),
            Route("/offices/sheet", mine(self._upload), methods=["GET", "POST"]),
            Route("/offices/sheet/save", mine(self._save_sheet), methods=post),
            *self.parts.routes(),
            Route("/offices/{key}", mine(self._office), methods=["GET"]),
            Route("/offices/{key}", mine(self._save), methods=post),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        opened = await drafting.open_(self._desk, account, OFFICES)
        value, live = opened.value, opened.live or {}
        language = self._site.language_of(request, account)
        rows = [_row(value, live, key, language) for key in value]
        is_lacking = "lacking" in request.query_params
        return self._site.draw(
            request, "offices.html", account, opened=opened, is_lacking=is_lacking, lacking=list(_LACKING),
            rows=[row for row in rows if row.lacks or not is_lacking], number=len(rows),
            without={name: sum(name in row.lacks for row in rows) for name in _LACKING},
            sheets=_sheets(opened), may_discard=may_with(account, Right.WRITE, OFFICES, live, value),
            done=forms.done(request),
        )  # fmt: skip

    async def _office(self, request: Request, account: Account) -> Response:
        key = request.path_params["key"]
        opened = await drafting.open_(self._desk, account, OFFICES)
        if key not in opened.value:
            raise NotFound
        language = self._site.language_of(request, account)
        return self._site.draw(
            request, "office.html", account, opened=opened, fields=office_form(opened.value, key),
            live=office_form(opened.live or {}, key),
            row=_row(opened.value, opened.live or {}, key, language),
            may_write=account.may_change(key), languages=list(Language),
            problems=_problems(opened.value, key),
        )  # fmt: skip

    async def _save(self, request: Request, account: Account) -> Response:
        key = request.path_params["key"]
        form = await forms.read(request)
        opened = await drafting.open_(self._desk, account, OFFICES)
        if key not in opened.value:
            raise NotFound
        if not account.may_change(key):
            raise NotYours
        typed = {path: forms.text(form, path).strip() for path in FIELDS_OF_OFFICE if path in form}
        return await self.parts.save(
            request, account, form, lambda value: with_office(value, key, typed), f"/offices?saved#{key}"
        )

    # The sheet.

    async def _download(self, _request: Request, account: Account) -> Response:
        data = await desk_offices.sheet(self._desk, account)
        headers = {
            "Content-Disposition": 'attachment; filename="offices.csv"', "Cache-Control": "no-store",
        }  # fmt: skip
        return Response(data, media_type="text/csv; charset=utf-8", headers=headers)

    async def _upload(self, request: Request, account: Account) -> Response:
        """What a sheet would change, to be looked at before anything is saved."""
        if request.method == "GET":
            return self._site.draw(request, "sheet.html", account, columns=desk_offices.COLUMNS)
        data = await read_table(request, "sheet", SIZE_LIMIT)
        read = await desk_offices.read_sheet(self._desk, account, data)
        compared = await history.compare_value(self._desk, account, OFFICES, read.value, "draft")
        tab = SHEET + secrets.token_hex(8)
        if read.changed:
            kept = Form(OFFICES, tab, read.base_draft, read.base_file, read.value)
            await drafting.keep_typed(self._desk, account, kept)
        return self._site.draw(
            request, "sheet_read.html", account, read=read, tab=tab,
            compared=self.parts.labelled(request, account, compared),
        )  # fmt: skip

    async def _save_sheet(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        tab = forms.text(form, "tab")
        if forms.text(form, "then") == "forget":
            await drafting.forget_typed(self._desk, account, OFFICES, tab)
            return back(request, "/offices")
        opened = await drafting.open_(self._desk, account, OFFICES)
        kept = next((typed for typed in opened.typed if typed.tab == tab and tab.startswith(SHEET)), None)
        if kept is None:
            return self._site.refuse(request, account, "sheet_gone", 410)
        saved = await drafting.save(
            self._desk, account, Form(OFFICES, tab, kept.base_draft, kept.base_file, kept.value)
        )
        if isinstance(saved, Conflict):
            return self.parts.conflict(request, account, saved)
        return back(request, "/offices?saved")


def names_of(offices: Mapping[str, Office], language: Language) -> dict[str, str]:
    """The offices' names by their keys, in the order of the alphabet."""
    names = {key: office[language].name for key, office in offices.items()}
    return dict(sorted(names.items(), key=lambda item: item[1]))


def _row(value: Value, live: Value, key: str, language: Language) -> Row:
    fields = office_form(value, key)
    lacks = tuple(name for name, paths in _LACKING.items() if not any(fields[path] for path in paths))
    name = fields[f"{language}.name"] or fields[f"{language.other}.name"] or key
    return Row(key, name, fields, lacks, fields != office_form(live, key))


def _problems(value: Value, key: str) -> list[Problem]:
    """What is wrong with one office. Where a whole language is missing, its name is what to write first."""
    sides = {f"{key}.{language}": f"{key}.{language}.name" for language in Language}
    return [
        replace(problem, field=sides.get(problem.field, problem.field))
        for problem in unfinished(OFFICES, value)
        if problem.field == key or problem.field.startswith(f"{key}.")
    ]


def _sheets(opened: Open | None) -> list[object]:
    return (
        [typed for typed in opened.typed if typed.tab.startswith(SHEET) and typed.changed] if opened else []
    )
