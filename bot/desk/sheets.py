"""Sheets as offices send them: CSV, or a workbook of Excel (XLSX), read within bounds."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import InvalidFileException

from bot.content.fields import cleaned
from bot.content.yaml_file import SIZE_LIMIT
from bot.desk.editing import Refused

ROWS_MOST = 500
COLUMNS_MOST = 50
CELL_MOST = 2000
"""Characters of a cell that are read."""

WORKBOOK_MOST = 512 * 1024
"""Bytes of a workbook."""

UNPACKED_MOST = 8 * 1024 * 1024
"""Bytes of what is packed in a workbook. One of two hundred offices has a tenth of a megabyte."""

PARTS_MOST = 100
"""Files that are packed in a workbook."""

_ZIP = b"PK\x03\x04"
_OTHERS = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")
"""How workbooks of before 2007 (OLE2), PDFs and gzip begin."""

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, SyntaxError, KeyError, ValueError, TypeError,
    AttributeError, IndexError, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What zipfile, openpyxl and its readers of XML raise for a file that is no workbook, or a broken one."""


def rows_of(data: bytes) -> list[list[str]]:
    """The cells of a sheet, line by line; of a workbook, of its first one.

    A CSV has its cells between semicolons, commas or tabs.

    Raises:
        Refused: it is no sheet, or is too large.
    """
    if data.startswith(_ZIP):
        rows = _of_workbook(data)
    elif data.startswith(_OTHERS) or b"\0" in data:
        raise _no_sheet()
    else:
        rows = _of_csv(data)
    if len(rows) > ROWS_MOST:
        raise Refused("sheet_long", f"At most {ROWS_MOST} lines are read.", limit=str(ROWS_MOST))
    return [[str(cleaned(cell)).strip() for cell in row] for row in rows]


def csv_of(rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV with semicolons, which programs for tables open with its letters right because of the mark at its
    beginning. No cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def workbook_of(rows: Iterable[Sequence[str]], title: str) -> bytes:
    """A workbook with one sheet. Every cell is a text: no phone loses its 0, and none is a formula."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101  (a new one has a sheet)
    sheet.title = title
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            cell.value, cell.data_type, cell.number_format = text or None, "s", "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
    for cells in sheet.columns:
        sheet.column_dimensions[cells[0].coordinate.rstrip("1")].width = 28
    sheet.freeze_panes = "B2"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _of_csv(data: bytes) -> list[list[str]]:
    if len(data) > SIZE_LIMIT:
        raise Refused("too_large", f"This is larger than {SIZE_LIMIT // 1024} KB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("sheet_encoding", 'Save the sheet as "CSV UTF-8".') from error
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [[_plain(cell) for cell in row] for row in rows]
    except csv.Error as error:
        raise _no_sheet() from error


def _of_workbook(data: bytes) -> list[list[str]]:
    if len(data) > WORKBOOK_MOST:
        limit = WORKBOOK_MOST // 1024
        raise Refused("sheet_large", f"At most {limit} KB are read.", limit=str(limit))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            # zipfile unpacks no more of a part than its entry says.
            parts = packed.infolist()
            if len(parts) > PARTS_MOST or sum(part.file_size for part in parts) > UNPACKED_MOST:
                raise _no_sheet()
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(max_row=ROWS_MOST + 1, max_col=COLUMNS_MOST, values_only=True)
            return _without_end([_without_end([_text(cell) for cell in row]) for row in rows])
        finally:
            book.close()
    except _UNREADABLE as error:
        raise _no_sheet() from error


R = TypeVar("R", str, list[str])


def _without_end(filled: list[R]) -> list[R]:
    """Without what is empty at the end: Excel keeps lines and columns that were formatted once."""
    while filled and not filled[-1]:
        filled.pop()
    return filled


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        cell = cell.date()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell)[:CELL_MOST]


def _harmless(cell: str) -> str:
    """A cell that no program takes for a formula."""
    return f"'{cell}" if _is_formula(cell.lstrip("'")) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _is_formula(cell.lstrip("'")) else cell


def _is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute it."""
    return cell != "" and cell[0] in "=+-@\t\r"


def _no_sheet() -> Refused:
    return Refused("sheet_type", "This is no sheet: save it as XLSX or CSV UTF-8.")
