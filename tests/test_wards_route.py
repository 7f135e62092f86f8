"""The table of wards, to be downloaded."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from typing import cast

import httpx
from starlette.applications import Starlette

from bot.content.library import Library
from bot.content.wards_file import read_wards
from bot.wards_route import COLUMNS, PATH, as_csv, wards_route
from tests.support import ROOT


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_it_has_a_row_for_each_former_unit_and_for_each_part() -> None:
    wards, _ = read_wards(ROOT / "content" / "wards.yml")

    found = rows(as_csv(wards))

    assert len(found) == 263 + 3
    assert {row["former_code"] for row in found} == wards.former.keys()
    assert {row["name"] for row in found if row["former_name"] == "Bùi Hữu Nghĩa"} == {"Cái Khế", "Bình Thủy"}
    assert {row["part"] for row in found if row["former_name"] == "Bùi Hữu Nghĩa"} == {"yes"}


def test_without_a_table_it_has_its_columns_alone() -> None:
    assert as_csv(None).strip() == "\ufeff" + ",".join(COLUMNS)


async def test_a_page_of_any_site_may_read_it() -> None:
    table, _ = read_wards(ROOT / "content" / "wards.yml")
    library = cast(Library, SimpleNamespace(wards=table))
    app = Starlette(routes=[wards_route(lambda: library)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as http:
        assert (await http.get(PATH)).headers["access-control-allow-origin"] == "*"
