"""The open figures over HTTP: addresses that stay, kept by whoever asks; nothing of a month without any."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from bot.content.library import Library
from bot.domain.clock import utc_now
from bot.figures_route import OpenFigures
from bot.storage import traffic
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from stand_ins.traffic import made_up_month, noon

NOW = noon(datetime.date(2026, 11, 20))


@pytest.fixture
async def client(database: Database, city_library: Library) -> AsyncIterator[httpx.AsyncClient]:
    for first in (datetime.date(2026, 10, 1), datetime.date(2026, 11, 1)):
        sums = made_up_month(first, 30_000)
        await database.transact(lambda connection, sums=sums: traffic.add(connection, sums))  # type: ignore[misc]
    app = Starlette(routes=OpenFigures(database, lambda: city_library, lambda: NOW).routes())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def test_the_index_names_each_month_in_both_languages(client: httpx.AsyncClient) -> None:
    page = (await client.get("/figures/")).text
    for said in ("Hỏi Cần Thơ: số liệu hằng tháng", "Ask Cần Thơ: monthly figures", "/figures/2026-10.csv"):
        assert said in page
    assert page.count("(goes on") == 1
    assert "creativecommons.org/licenses/by/4.0/" in page


async def test_a_month_comes_as_csv_and_as_json(client: httpx.AsyncClient) -> None:
    table = await client.get("/figures/2026-10.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.text.lstrip("\ufeff").startswith("month,is_closed,rounded_to,of,table,key,label_vi,")
    body = (await client.get("/figures/2026-11.json")).json()
    assert (body["month"], body["is_closed"], body["rounded_to"]) == ("2026-11", False, 10)
    assert body["licence"].startswith("https://creativecommons.org/")


@pytest.mark.parametrize("path", ["2026-10.csv", "2026-10.json", ""])
async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(f"/figures/{path}")
    again = await client.get(f"/figures/{path}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("month", ["2026-09", "2027-01", "2026-13", "x", "2026-1"])
async def test_a_month_without_figures_is_not_there(client: httpx.AsyncClient, month: str) -> None:
    assert (await client.get(f"/figures/{month}.csv")).status_code == 404


async def test_while_the_database_is_away_it_is_told_to_come_again(city_library: Library) -> None:
    class Away:
        async def transact(self, _work: object) -> object:
            raise DatabaseAway("away")

    away: Database = Away()  # type: ignore[assignment]
    app = Starlette(routes=OpenFigures(away, lambda: city_library, utc_now).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        answer = await client.get("/figures/2026-10.csv")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
