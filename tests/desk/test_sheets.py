"""Sheets of tables: what is read of a workbook and of a CSV, and what is refused."""

from __future__ import annotations

import datetime
import io
import time
import unicodedata
import zipfile
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bot.desk.editing import Refused
from bot.desk.sheets import (
    CELL_MOST,
    COLUMNS_MOST,
    PARTS_MOST,
    ROWS_MOST,
    UNPACKED_MOST,
    WORKBOOK_MOST,
    csv_of,
    rows_of,
    workbook_of,
)
from tests.support.examples import examples


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Co", "Cn"]), max_size=20).map(composed)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5)


def packed(parts: dict[str, bytes]) -> bytes:
    """A zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def workbook(*rows: Sequence[object]) -> bytes:
    """As Excel would save it."""
    book = Workbook()
    assert book.active
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """A workbook with this in place of its sheet."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(workbook(["office", "phone"], ["a", "1"]))) as archive:
        for name in archive.namelist():
            parts[name] = xml if name == "xl/worksheets/sheet1.xml" else archive.read(name)
    return packed(parts)


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        rows_of(data)
    return refused.value.key


@given(TABLES)
@settings(max_examples=examples(30), deadline=None)
def test_a_workbook_comes_back_as_it_went(rows: list[list[str]]) -> None:
    rows = [["office", "phone", "map"], *rows, ["last", "", ""]]
    read = rows_of(workbook_of(rows, "offices"))
    assert [[*row, "", "", ""][:3] for row in read] == rows


@given(TABLES)
def test_a_csv_comes_back_as_it_went(rows: list[list[str]]) -> None:
    rows = [["office", "phone", "map"], *rows]
    assert rows_of(csv_of(rows)) == rows


def test_numbers_and_days_are_read_as_people_see_them() -> None:
    data = workbook(["a", 292, 10.0331, datetime.datetime(2026, 11, 28), None, datetime.date(2026, 1, 2)])
    assert rows_of(data) == [["a", "292", "10.0331", "2026-11-28", "", "2026-01-02"]]


def test_a_formula_is_not_worked_out_and_none_is_written() -> None:
    assert rows_of(workbook(["a", "=1+1"])) == [["a"]]
    written = load_workbook(io.BytesIO(workbook_of([["=HYPERLINK(1)", "+84", "0292"]], "a"))).active
    assert written
    assert [(cell.value, cell.data_type) for cell in written[1]] == [
        ("=HYPERLINK(1)", "s"), ("+84", "s"), ("0292", "s"),
    ]  # fmt: skip


def test_lines_that_were_only_formatted_are_no_lines() -> None:
    assert rows_of(workbook(["a", "b"], *([None] for _ in range(300)))) == [["a", "b"]]


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10) for n in range(1, 9)
    )
    + b"]>"
)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (packed({"xl/workbook.xml": b"0" * (UNPACKED_MOST + 1)}), "sheet_type"),
        (packed({f"{number}": b"" for number in range(PARTS_MOST + 1)}), "sheet_type"),
        (packed({"hello.txt": b"no workbook"}), "sheet_type"),
        (workbook(["a"])[:-40], "sheet_type"),
        (b"PK\x03\x04" + b"\0" * 100, "sheet_type"),
        (b"PK\x03\x04" + b"\0" * WORKBOOK_MOST, "sheet_large"),
        (workbook(*(["a", "1"] for _ in range(ROWS_MOST + 1))), "sheet_long"),
        (with_sheet(b"<worksheet"), "sheet_type"),
        (with_sheet(OUTSIDE + SHEET % b"&e;"), "sheet_type"),
        (with_sheet(ENTITIES + SHEET % b"&a8;"), "sheet_type"),
        (b"\xd0\xcf\x11\xe0 of before 2007", "sheet_type"),
        (b"%PDF-1.7", "sheet_type"),
        (b"\x1f\x8b\x08", "sheet_type"),
        ("office;phone".encode("utf-16"), "sheet_type"),
        (b'"' + b"a" * 131_073 + b'"', "too_large"),
        (b"\xff\xff", "sheet_encoding"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_no_sheet_or_a_bomb_is_refused_at_once(data: bytes, key: str) -> None:
    began = time.monotonic()
    assert refusal(data) == key
    assert time.monotonic() - began < 5


def test_a_part_that_says_it_is_small_is_not_unpacked_further() -> None:
    honest = packed({"xl/workbook.xml": b"0" * (UNPACKED_MOST + 1)})
    size = (UNPACKED_MOST + 1).to_bytes(4, "little")
    assert refusal(honest.replace(size, (10).to_bytes(4, "little"))) == "sheet_type"


def test_a_sheet_that_claims_a_million_columns_is_read_as_far_as_it_counts() -> None:
    wide = b'<dimension ref="A1:XFD1048576"/>'
    cells = b'<row r="1"><c r="A1" t="inlineStr"><is><t>office</t></is></c><c r="XFD1"><v>1</v></c></row>'
    xml = SHEET.replace(b"<sheetData>", wide + b"<sheetData>") % cells + b"</sheetData></worksheet>"
    (row,) = rows_of(with_sheet(xml))
    assert (row[0], len(row) <= COLUMNS_MOST) == ("office", True)


def test_a_row_far_below_is_not_waited_for() -> None:
    cells = b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>office</t></is></c></row>'
    began = time.monotonic()
    rows = rows_of(with_sheet(SHEET % cells + b"</sheetData></worksheet>"))
    assert (rows, time.monotonic() - began < 5) == ([], True)


def test_a_cell_is_read_as_far_as_it_counts() -> None:
    assert len(rows_of(workbook(["a" * 30_000]))[0][0]) == CELL_MOST


@given(st.binary(max_size=300))
@settings(max_examples=examples(100), deadline=None)
def test_nothing_but_a_refusal_comes_of_a_broken_workbook(noise: bytes) -> None:
    whole = workbook(["office", "phone"], ["a", "1"])
    middle = len(whole) // 2
    for data in (b"PK\x03\x04" + noise, whole[:middle] + noise + whole[middle + len(noise) :]):
        try:
            rows_of(data)
        except Refused as refused:
            assert refused.key == "sheet_type"  # noqa: PT017
