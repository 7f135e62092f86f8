"""The offices' own entries: a form for each, and a sheet that the city returns for many."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from bot.content.fields import Value, changed, cleaned, flat, nested
from bot.content.yaml_file import SIZE_LIMIT
from bot.desk.accounts import Account
from bot.desk.drafting import open_
from bot.desk.editing import OFFICES, EditingDesk, Problem, Refused, Right, may

FIELDS_OF_OFFICE = (
    "vi.name", "en.name", "vi.address", "en.address", "phone", "website", "source.title", "source.number",
    "source.issuer", "source.date", "source.url",
)  # fmt: skip
"""The fields of an office's entry, in the order of a form."""

COLUMNS = ("office", *FIELDS_OF_OFFICE)
"""The columns of a sheet, by their names in its first line."""

TAKE_AWAY = "-"
"""In a cell: take away what stands there. An empty cell leaves it."""

ROWS_MOST = 500


@dataclass(frozen=True, slots=True)
class SheetRead:
    """What a sheet makes of the offices. value: for a form of `offices`, to be looked at and saved; changed:
    the offices that it changes; problems: what was not taken over, `field` naming the line."""

    value: Value
    changed: tuple[str, ...]
    problems: tuple[Problem, ...]
    base_draft: int
    base_file: str


def office_form(value: Mapping[str, object], key: str) -> dict[str, str]:
    """The fields of one office in a value of `offices`, for a form; empty where there is nothing."""
    entry = value.get(key)
    fields = flat(entry) if isinstance(entry, dict) else {}
    return {path: str(fields.get(path) or "") for path in FIELDS_OF_OFFICE}


def with_office(value: Mapping[str, object], key: str, form: Mapping[str, str]) -> Value:
    """A value of `offices` with what a form says of one of them; fields that no form has stay."""
    entry = value.get(key)
    fields = flat(entry) if isinstance(entry, dict) else {}
    fields |= {path: form[path].strip() for path in FIELDS_OF_OFFICE if path in form}
    return {**value, key: nested(fields)}


async def sheet(desk: EditingDesk, account: Account) -> bytes:
    """The offices as a sheet to be filled in: CSV with semicolons, which programs for tables open with its
    letters right because of the mark at its beginning.

    Raises:
        NotFound, NotYours.
    """
    opened = await open_(desk, account, OFFICES)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for key in opened.value:
        form = office_form(opened.value, key)
        writer.writerow([key, *(_harmless(form[path]) for path in FIELDS_OF_OFFICE)])
    return text.getvalue().encode("utf-8-sig")


async def read_sheet(desk: EditingDesk, account: Account, data: bytes) -> SheetRead:
    """What a sheet that came back says, put over the offices as they are; nothing is saved by it.

    Cells are separated by semicolons, commas or tabs. An empty cell leaves what stands there, a hyphen takes
    it away. Lines of offices for which the account may not write are left out, and told of.

    Raises:
        NotFound, NotYours.
        Refused: it is no such sheet.
    """
    if len(data) > SIZE_LIMIT:
        raise Refused("too_large", f"This is larger than {SIZE_LIMIT // 1024} KB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("sheet_encoding", 'Save the sheet as "CSV UTF-8".') from error
    opened = await open_(desk, account, OFFICES)
    value, problems = dict(opened.value), []
    for line, row in _rows(text):
        key = row.get("office", "").strip()
        if not key and not any(cell.strip() for cell in row.values()):
            continue
        if key not in value:
            problems.append(
                Problem(
                    str(line), "sheet_office_unknown", f"There is no office {key}.", (("office", key[:80]),)
                )
            )
        elif not may(account, Right.WRITE, {key}):
            problems.append(
                Problem(str(line), "sheet_not_yours", f"You may not write for {key}.", (("office", key),))
            )
        else:
            form = {path: cell for path in FIELDS_OF_OFFICE if (cell := row.get(path, "").strip())}
            form = {path: "" if cell == TAKE_AWAY else _plain(cell) for path, cell in form.items()}
            value = with_office(value, key, form)
    paths = changed(opened.value, value)
    keys = dict.fromkeys(path.partition(".")[0] for path in paths)
    return SheetRead(value, tuple(keys), tuple(problems), opened.base_draft, opened.base_file)


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    """The lines below the first one, by its names, each with its number. Raises Refused."""
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    names = [str(cleaned(name)).strip() for name in lines[0]] if lines else []
    if "office" not in names or not set(names) & set(FIELDS_OF_OFFICE):
        raise Refused(
            "sheet_columns", f"The first line has to name the columns: {', '.join(COLUMNS)}.",
            columns=", ".join(COLUMNS),
        )  # fmt: skip
    if len(lines) > ROWS_MOST:
        raise Refused("sheet_long", f"At most {ROWS_MOST} lines are read.", limit=str(ROWS_MOST))
    return [
        (number, {name: str(cleaned(cell)) for name, cell in zip(names, row, strict=False)})
        for number, row in enumerate(lines[1:], start=2)
    ]


def _harmless(cell: str) -> str:
    """A cell that no program takes for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@" else cell
