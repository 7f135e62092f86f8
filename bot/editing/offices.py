"""How to reach the offices of the city and of its wards: a form for each, and a sheet for all of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.content.fields import Value, flat
from bot.content.library import Library
from bot.content.schema import Office
from bot.content.ward_offices import WARDS
from bot.desk import drafting, history, sheets
from bot.desk import offices as desk_offices
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Form, Open
from bot.desk.editing import OFFICES, EditingDesk, NotFound, NotYours, Problem, Right, may_with
from bot.desk.offices import Register, office_form, with_office
from bot.desk.problems import unfinished
from bot.domain.language import Language
from bot.editing import forms
from bot.editing.parts import PartPages, Texts
from bot.editing.site import Site, back
from bot.editing.uploads import read_file
from bot.editing.words import Words
from bot.text.folding import fold

SHEET = "sheet-"
"""How the name begins under which a sheet is kept until it is saved or thrown away."""

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FORMS = {OFFICES: "office.html", WARDS: "ward.html"}
"""The form of an office, by its register."""

_LISTED = {
    OFFICES: {"office_address": "{language}.address", "office_phone": "phone", "office_website": "website",
              "source_as_of": "source.date"},
    WARDS: {"office_address": "address", "office_phone": "phone", "office_map": "map", "office_page": "page",
            "source_as_of": "source.date"},
}  # fmt: skip
"""What the list shows of each office, by its phrase."""


@dataclass(frozen=True, slots=True)
class OfficeRow:
    """An office in the list. of: the units of before, of a ward; facts: what is known, by its phrase; lacks:
    what nobody has said of it."""

    key: str
    name: str
    of: str
    facts: Mapping[str, str]
    lacks: tuple[str, ...]
    is_changed: bool


class RegisterFile:
    """A register as a file of parts."""

    def __init__(self, desk: EditingDesk, register: Register) -> None:
        self._desk = desk
        self._register = register
        self.name = register.name
        self.home = f"/{register.name}"

    def texts(self, value: Value) -> Texts:
        """Every field of every office."""
        return {path: str(content) for path, content in flat(value).items()}

    def with_texts(self, value: Value, texts: Mapping[str, str]) -> Value:
        """Fields of offices that there are; all else is left out."""
        forms_of: dict[str, dict[str, str]] = {}
        for path, text in texts.items():
            key, _, field = path.partition(".")
            if key in value and field in self._register.fields:
                forms_of.setdefault(key, {})[field] = text
        for key, form in forms_of.items():
            value = with_office(self._register, value, key, form)
        return value

    def label(self, words: Words, path: str) -> str:
        """The office's name and the field's."""
        key, _, field = path.partition(".")
        name = self.called(self._desk.library(), words, {}, key)
        of_source = f"{words('sources')} · " if field.startswith("source.") else ""
        return f"{name}: {of_source}{words.field_of_office(field)}" if field else name

    def called(self, library: Library, words: Words, fields: Mapping[str, str], key: str) -> str:
        """An office's name; fields: of its form, which may have another one than what is live."""
        if self.name == WARDS:
            ward = library.wards.now.get(key) if library.wards else None
            return words(f"ward_{ward.type.name.lower()}", name=ward.name) if ward else key
        language, office = words.language, library.offices.get(key)
        typed = fields.get(f"{language}.name") or fields.get(f"{language.other}.name")
        return typed or (office[language].name if office else key)

    def before(self, library: Library, key: str) -> str:
        """The units of which a ward was made; nothing of another office."""
        ward = library.wards.now.get(key) if library.wards and self.name == WARDS else None
        return ", ".join(f"{one.full_name} ({one.district})" for one in ward.made_of) if ward else ""


class OfficePages:
    """The pages of a register."""

    def __init__(self, site: Site, desk: EditingDesk, register: Register) -> None:
        self._site = site
        self._desk = desk
        self._register = register
        self._file = RegisterFile(desk, register)
        self._home = self._file.home
        self.parts = PartPages(site, desk, self._file)

    def routes(self) -> list[BaseRoute]:
        """Their addresses."""
        mine, post, home = self._site.for_editors, ["POST"], self._home
        return [
            Route(home, mine(self._list), methods=["GET"]),
            Route(f"{home}/sheet.csv", mine(self._download_csv), methods=["GET"]),
            Route(f"{home}/sheet.xlsx", mine(self._download_workbook), methods=["GET"]),
            Route(f"{home}/sheet", mine(self._upload), methods=["GET", "POST"]),
            Route(f"{home}/sheet/save", mine(self._save_sheet), methods=post),
            *self.parts.routes(),
            Route(f"{home}/{{key}}", mine(self._office), methods=["GET"]),
            Route(f"{home}/{{key}}", mine(self._save), methods=post),
        ]

    async def _list(self, request: Request, account: Account) -> Response:
        opened = await drafting.open_(self._desk, account, self._register.name)
        value, live, library = opened.value, opened.live or {}, self._desk.library()
        words = Words(self._site.language_of(request, account))
        rows = [self._row(library, words, value, live, key) for key in value]
        is_lacking, asked = "lacking" in request.query_params, request.query_params.get("q", "")[:200]
        shown = [row for row in rows if (row.lacks or not is_lacking) and _is_found(row, asked)]
        shown.sort(key=lambda row: fold(asked) not in fold(row.name))  # before those that were made of it
        return self._draw(
            request, "offices.html", account, opened=opened, is_lacking=is_lacking, asked=asked, rows=shown,
            number=len(rows), has_wards=library.wards is not None,
            without={name: sum(name in row.lacks for row in rows) for name in self._register.expected},
            sheets=_sheets(opened), may_discard=may_with(account, Right.WRITE, opened.name, live, value),
            done=forms.done(request),
        )  # fmt: skip

    def _draw(self, request: Request, template: str, account: Account, **values: Any) -> Response:
        return self._site.draw(request, template, account, register=self._register, home=self._home, **values)

    async def _office(self, request: Request, account: Account) -> Response:
        key = request.path_params["key"]
        opened = await drafting.open_(self._desk, account, self._register.name)
        if key not in opened.value:
            raise NotFound
        words = Words(self._site.language_of(request, account))
        return self._draw(
            request, _FORMS[opened.name], account, opened=opened,
            fields=office_form(self._register, opened.value, key),
            live=office_form(self._register, opened.live or {}, key),
            row=self._row(self._desk.library(), words, opened.value, opened.live or {}, key),
            may_write=account.may_change(key), languages=list(Language),
            problems=_problems(opened, key),
        )  # fmt: skip

    async def _save(self, request: Request, account: Account) -> Response:
        key = request.path_params["key"]
        form = await forms.read(request)
        opened = await drafting.open_(self._desk, account, self._register.name)
        if key not in opened.value:
            raise NotFound
        if not account.may_change(key):
            raise NotYours
        typed = {path: forms.text(form, path) for path in self._register.fields if path in form}
        return await self.parts.save(
            request, account, form, lambda value: with_office(self._register, value, key, typed),
            f"{self._home}?saved",
        )  # fmt: skip

    def _row(self, library: Library, words: Words, value: Value, live: Value, key: str) -> OfficeRow:
        register = self._register
        fields = office_form(register, value, key)
        listed = {
            phrase: fields[path.format(language=words.language)]
            for phrase, path in _LISTED[register.name].items()
        }
        return OfficeRow(
            key, self._file.called(library, words, fields, key), self._file.before(library, key),
            {phrase: content for phrase, content in listed.items() if content},
            tuple(
                name for name, paths in register.expected.items() if not any(fields[path] for path in paths)
            ),
            fields != office_form(register, live, key),
        )  # fmt: skip

    # The sheet.

    async def _sheet(self, request: Request, account: Account) -> list[list[str]]:
        """Its lines; of wards, whose key is a number, with their names."""
        words = Words(self._site.language_of(request, account))
        library = self._desk.library()
        wards = library.wards if self._register.name == WARDS else None
        names = {key: self._file.called(library, words, {}, key) for key in (wards.now if wards else ())}
        return await desk_offices.sheet(self._desk, account, self._register, names)

    async def _download_csv(self, request: Request, account: Account) -> Response:
        rows = await self._sheet(request, account)
        return self._file_of(sheets.csv_of(rows), "text/csv; charset=utf-8", "csv")

    async def _download_workbook(self, request: Request, account: Account) -> Response:
        rows = await self._sheet(request, account)
        return self._file_of(sheets.workbook_of(rows, self._register.name), WORKBOOK, "xlsx")

    def _file_of(self, data: bytes, media_type: str, ending: str) -> Response:
        name = f"{self._register.name}.{ending}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store",
        }  # fmt: skip
        return Response(data, media_type=media_type, headers=headers)

    async def _upload(self, request: Request, account: Account) -> Response:
        """What a sheet would change, to be looked at before anything is saved."""
        if request.method == "GET":
            columns = (self._register.column, *self._register.fields)
            return self._draw(request, "sheet.html", account, columns=columns)
        data = await read_file(request, "sheet", sheets.WORKBOOK_MOST)
        read = await desk_offices.read_sheet(self._desk, account, self._register, data)
        compared = await history.compare_value(self._desk, account, self._register.name, read.value, "draft")
        tab = SHEET + secrets.token_hex(8)
        if read.changed:
            kept = Form(self._register.name, tab, read.base_draft, read.base_file, read.value)
            await drafting.keep_typed(self._desk, account, kept)
        return self._draw(
            request, "sheet_read.html", account, read=read, tab=tab,
            compared=self.parts.labelled(request, account, compared),
        )  # fmt: skip

    async def _save_sheet(self, request: Request, account: Account) -> Response:
        form = await forms.read(request)
        tab, name = forms.text(form, "tab"), self._register.name
        if forms.text(form, "then") == "forget":
            await drafting.forget_typed(self._desk, account, name, tab)
            return back(request, self._home)
        opened = await drafting.open_(self._desk, account, name)
        kept = next((typed for typed in opened.typed if typed.tab == tab and tab.startswith(SHEET)), None)
        if kept is None:
            return self._site.refuse(request, account, "sheet_gone", 410)
        saved = await drafting.save(
            self._desk, account, Form(name, tab, kept.base_draft, kept.base_file, kept.value)
        )
        if isinstance(saved, Conflict):
            return self.parts.conflict(request, account, saved)
        return back(request, f"{self._home}?saved")


def names_of(offices: Mapping[str, Office], language: Language) -> dict[str, str]:
    """The offices' names by their keys, in the order of the alphabet."""
    names = {key: office[language].name for key, office in offices.items()}
    return dict(sorted(names.items(), key=lambda item: item[1]))


def _is_found(row: OfficeRow, asked: str) -> bool:
    text = fold(f"{row.key} {row.name} {row.of} {' '.join(row.facts.values())}")
    return all(word in text for word in fold(asked).split())


def _problems(opened: Open, key: str) -> list[Problem]:
    """What is wrong with one office. Where a whole language is missing, its name is what to write first."""
    sides = {f"{key}.{language}": f"{key}.{language}.name" for language in Language}
    return [
        replace(problem, field=sides.get(problem.field, problem.field))
        for problem in unfinished(opened.name, opened.value)
        if problem.field == key or problem.field.startswith(f"{key}.")
    ]


def _sheets(opened: Open | None) -> list[object]:
    return (
        [typed for typed in opened.typed if typed.tab.startswith(SHEET) and typed.changed] if opened else []
    )
