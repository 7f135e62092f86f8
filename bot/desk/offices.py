"""How to reach the offices of the city and its wards: a form for each, a sheet that comes back for many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.content.fields import Value, changed, flat, nested
from bot.content.ward_offices import WARDS, point_in
from bot.desk import sheets
from bot.desk.accounts import Account
from bot.desk.drafting import open_
from bot.desk.editing import OFFICES, EditingDesk, Problem, Refused, Right, may

TAKE_AWAY = "-"
"""In a cell: take away what stands there. An empty cell leaves it."""

_SOURCE = ("source.title", "source.number", "source.issuer", "source.date", "source.url")


@dataclass(frozen=True, slots=True)
class Register:
    """A file with an entry for each office.

    name: of the file. column: the first one of a sheet, which says whose a line is. fields: of an entry, in
    the order of a form. expected: what each entry should have, with the fields that may hold it.
    """

    name: str
    column: str
    fields: tuple[str, ...]
    expected: Mapping[str, tuple[str, ...]]


OF_CITY = Register(
    OFFICES, "office",
    ("vi.name", "en.name", "vi.address", "en.address", "phone", "website", *_SOURCE),
    {"address": ("vi.address", "en.address"), "phone": ("phone",), "website": ("website",)},
)  # fmt: skip
OF_WARDS = Register(
    WARDS, "ward", ("address", "phone", "map", "page", *_SOURCE, "checked"),
    {"address": ("address",), "phone": ("phone",), "map": ("map",)},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SheetRead:
    """What a sheet makes of a register. value: for a form of it, to be looked at and saved; changed: the keys
    of the entries that it changes; problems: what was not taken over, `field` naming the line."""

    value: Value
    changed: tuple[str, ...]
    problems: tuple[Problem, ...]
    base_draft: int
    base_file: str


def office_form(register: Register, value: Mapping[str, object], key: str) -> dict[str, str]:
    """The fields of one office in a value of its register, for a form; empty where there is nothing."""
    entry = value.get(key)
    fields = flat(entry) if isinstance(entry, dict) else {}
    return {path: str(fields.get(path) or "") for path in register.fields}


def with_office(register: Register, value: Mapping[str, object], key: str, form: Mapping[str, str]) -> Value:
    """A value of a register with what a form says of one office; fields that no form has stay."""
    entry = value.get(key)
    fields = flat(entry) if isinstance(entry, dict) else {}
    fields |= {path: _as_kept(path, form[path]) for path in register.fields if path in form}
    return {**value, key: nested(fields)}


async def sheet(
    desk: EditingDesk, account: Account, register: Register, names: Mapping[str, str]
) -> list[list[str]]:
    """The lines of a sheet to be filled in, the first one with the columns' names.

    Args:
        desk: what there is to work with.
        account: who wants it.
        register: of what.
        names: of the offices by their keys, for whoever fills it in; nothing is read back from there.

    Raises:
        NotFound, NotYours.
    """
    opened = await open_(desk, account, register.name)
    head = [register.column, *(["name"] if names else []), *register.fields]
    rows = [
        [key, *([names.get(key, "")] if names else []), *office_form(register, opened.value, key).values()]
        for key in opened.value
    ]
    return [head, *rows]


async def read_sheet(desk: EditingDesk, account: Account, register: Register, data: bytes) -> SheetRead:
    """What a sheet that came back says, put over the offices as they are; nothing is saved by it.

    An empty cell leaves what stands there, a hyphen takes it away. Lines of offices for which the account may
    not write are left out, and told of.

    Raises:
        NotFound, NotYours.
        Refused: it is no such sheet.
    """
    lines = _lines(register, await asyncio.to_thread(sheets.rows_of, data))
    opened = await open_(desk, account, register.name)
    value, problems = dict(opened.value), []
    for number, row in lines:
        key = row.get(register.column, "")
        if not key and not any(row.values()):
            continue
        if key not in value:
            said = f"There is no office {key}."
            problems.append(Problem(str(number), "sheet_office_unknown", said, (("office", key[:80]),)))
        elif not may(account, Right.WRITE, {key}):
            said = f"You may not write for {key}."
            problems.append(Problem(str(number), "sheet_not_yours", said, (("office", key),)))
        else:
            form = {path: cell for path in register.fields if (cell := row.get(path, ""))}
            form = {path: "" if cell == TAKE_AWAY else cell for path, cell in form.items()}
            value = with_office(register, value, key, form)
    paths = changed(opened.value, value)
    keys = dict.fromkeys(path.partition(".")[0] for path in paths)
    return SheetRead(value, tuple(keys), tuple(problems), opened.base_draft, opened.base_file)


def _lines(register: Register, rows: list[list[str]]) -> list[tuple[int, dict[str, str]]]:
    """The lines below the first one, by its names, each with its number. Raises Refused."""
    names = rows[0] if rows else []
    if register.column not in names or not set(names) & set(register.fields):
        columns = ", ".join((register.column, *register.fields))
        raise Refused("sheet_columns", f"The first line has to name the columns: {columns}.", columns=columns)
    return [
        (number, dict(zip(names, row, strict=False))) for number, row in enumerate(rows[1:], start=2)
    ]  # fmt: skip


def _as_kept(path: str, typed: str) -> str:
    return point_in(typed.strip()) if path == "map" else typed.strip()
