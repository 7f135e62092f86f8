"""The page of figures: a month to look at, without colour, on a phone, with the numbers beside it."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import Connection

from bot.content.loading import load
from bot.desk import understood
from bot.desk.accounts import Accounts
from bot.desk.bot_reader import BotReader
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.editing.app import create_app
from bot.editing.plots import PlotBar, bars, columns, grouped
from bot.http_server import SecurityHeaders
from bot.storage import feedback, traffic
from bot.storage.database import Database
from bot.storage.editors import publications
from bot.storage.editors.publications import PublicationKind, StoredPublication
from stand_ins.rasa import RasaStandIn
from stand_ins.serving import serving
from stand_ins.traffic import made_up_month, noon
from tests.support import ROOT
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.clock import Clock
from tests.support.databases import bot_tables, editors_tables, prepared
from tests.support.editors import KEY, Pages, copy_content, make_desk

OCTOBER, SEPTEMBER = datetime.date(2026, 10, 1), datetime.date(2026, 9, 1)
NOVEMBER = datetime.date(2026, 11, 1)


async def three_months(database: Database) -> None:
    """The bot's tables with made-up traffic; the last month goes on."""
    await bot_tables(database)
    answers = sorted(load(ROOT / "content").library.answers)

    def work(connection: Connection) -> None:
        for seed, first in enumerate((SEPTEMBER, OCTOBER, NOVEMBER)):
            number, is_calm = 3_000_000 - 400_000 * seed, first == SEPTEMBER
            traffic.add(connection, made_up_month(first, number, answers, is_calm=is_calm))
        for place, answer in enumerate(answers[:9]):
            for number in range(30 + place * 7):
                feedback.count_feedback(connection, answer, OCTOBER, is_helpful=number % (place + 2) > 0)

    await database.transact(work, within=60)


@pytest.fixture
async def pages(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Pages]:
    database, clock = await prepared(f"sqlite:///{tmp_path}/editors.db", editors_tables), Clock(utc_now())
    clock.now = noon(datetime.date(2026, 11, 20))
    desk = make_desk(database, copy_content(tmp_path / "site"), clock)
    await (await prepared(sqlite_url, three_months)).close()
    bot = BotReader(sqlite_url)
    desk = replace(desk, bot=bot)
    yield Pages(create_app(desk, KEY, "http://localhost"), database, Accounts(KEY), clock, desk)
    await bot.close()
    await database.close()


def publication(at: datetime.datetime, name: str = "city.hotline") -> StoredPublication:
    return StoredPublication(name, at, 1, (1,), PublicationKind.PUBLISH, "", "", "a: b\n", None)


async def published(pages: Pages, *moments: datetime.datetime) -> None:
    def work(connection: Connection) -> None:
        for moment in moments:
            publications.add(connection, publication(moment))

    await pages.database.transact(work)


async def test_a_month_is_shown_with_its_numbers(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        await browser.post("/language", data={"language": "en", "then": "/"})
        page = (await browser.get("/figures?month=2026-10")).text
    for said in (
        "By day", "By hour of the day", "By channel", "By topic", "Most asked", "Rising", "Helpful or not",
        "How soon the staff replied", "No answer found", "Zalo", "10/2026",
    ):  # fmt: skip
        assert said in page, said
    assert page.count("<svg") == page.count("<desc") == page.count('<table class="numbers">')


async def test_a_month_that_goes_on_says_that_it_is_rounded(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        page = (await browser.get("/figures")).text
    assert "làm tròn xuống hàng chục" in page
    assert '<option value="2026-11" selected>' in page


async def test_without_the_bots_database_the_page_says_so(pages: Pages, tmp_path: Path) -> None:
    away = replace(pages.desk, bot=BotReader(f"sqlite:///{tmp_path}/nowhere.db"))
    pages.app = create_app(away, KEY, "http://localhost")
    async with pages.browser() as browser:
        await pages.entered(browser)
        answer = await browser.get("/figures")
    assert answer.status_code == 200
    assert "Hiện không đọc được cơ sở dữ liệu" in answer.text


async def test_it_shows_what_the_live_model_gets_right_by_topic_and_style(pages: Pages) -> None:
    right = {
        "topic": {"culture": (9, 10), "city": (3, 4)},
        "style": {"chat": (7, 8), "fr": (1, 2), "ja": (0, 2)},
    }
    rasa = RasaStandIn(
        kept=[
            {
                "name": "a",
                "made_at": "2026-11-19T08:00:00Z",
                "is_live": True,
                "accuracy": 0.9,
                "right_by": right,
            }
        ]
    )
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url) as http:
        pages.app = create_app(replace(pages.desk, rasa=http), KEY, "http://localhost")
        async with pages.browser() as browser:
            await pages.entered(browser)
            page = (await browser.get("/figures")).text
    for said in ("Hiểu đúng theo chủ đề", "90,0 % (9/10)", "75,0 % (3/4)", "kiểu nhắn tin", "25,0 % (1/4)"):
        assert said in page, said


async def test_it_is_noted_since_when_a_publication_is_understood(pages: Pages) -> None:
    begun, rasa = pages.clock.now, RasaStandIn()
    async with pages.browser() as browser:
        await pages.entered(browser)
    await published(pages, begun)
    pages.clock.advance(minutes=3)
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url) as http:
        desk = replace(pages.desk, rasa=http)
        rasa.status = {"model": "old", "wanted": "new", "since": begun.isoformat()}
        await understood.note(desk)
        assert [one.seconds for one in await understood.of_month(desk, NOVEMBER)] == [None]
        live = begun + datetime.timedelta(seconds=95)
        rasa.status = {"model": "new", "wanted": "new", "since": live.isoformat()}
        await understood.note(desk)
        assert [one.seconds for one in await understood.of_month(desk, NOVEMBER)] == [95]
        await published(pages, pages.clock.now)
        pages.clock.advance(seconds=10)
        await understood.note(desk)
        assert [one.seconds for one in await understood.of_month(desk, NOVEMBER)] == [95, 0]


def test_numbers_are_written_as_in_each_language() -> None:
    assert grouped(1234567, Language.VI) == "1.234.567"
    assert grouped(1234.56, Language.EN, 1) == "1,234.6"


@pytest.mark.parametrize("numbers", [[0], [None], [0, 0], [1], [5, None, 3_000_000], [7] * 31])
def test_every_plot_is_drawn_and_named(numbers: list[int | None]) -> None:
    parts = [PlotBar("<b>&", number, "x") for number in numbers]
    for picture in (columns(parts, "<i>", "&", Language.VI), bars(parts, "<i>", "&")):
        assert "<b>" not in picture
        assert "<i>" not in picture
        assert "&lt;i&gt;</title>" in picture


@pytest.mark.browser
async def test_it_is_read_on_a_phone_and_on_a_wide_screen(pages: Pages, browser: Browser) -> None:
    async with pages.browser() as client:
        await pages.entered(client)
        token = client.cookies["editor"]
    await published(pages, noon(OCTOBER), noon(OCTOBER) + datetime.timedelta(days=3))
    async with serving(SecurityHeaders(pages.app)) as url:  # type: ignore[arg-type]
        for size, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
            context = await browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            await context.add_cookies([{"name": "editor", "value": token, "url": url}])
            page = await context.new_page()
            await page.goto(f"{url}/figures")
            await page.select_option("#month", "2026-10")
            await page.get_by_role("button", name="Xem", exact=True).click()
            await expect(page.locator("h1")).to_contain_text("10/2026")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
            outside = (
                "[...document.querySelectorAll('.plot text')].filter(text => { "
                "const box = text.getBoundingClientRect(); "
                "const svg = text.ownerSVGElement.getBoundingClientRect(); "
                "return box.left < svg.left - 2 || box.right > svg.right + 2; }).map(one => one.textContent)"
            )
            assert await page.evaluate(outside) == [], size
            await expect(page.get_by_role("img", name="Theo ngày")).to_be_visible()
            await page.locator("summary").first.click()
            await expect(page.get_by_role("rowheader", name="31", exact=True)).to_be_visible()
            await without_violations(page)
            await context.close()
