"""In an emergency: what everybody is told first, and a channel switched off; both live at once."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from bot.cards.compose import compose
from bot.channels.telegram.render import render as render_telegram
from bot.channels.zalo_text import render as render_zalo
from bot.content.check import check
from bot.content.library import Library
from bot.content.loading import load
from bot.desk import emergency
from bot.desk.accounts import Account, Accounts
from bot.desk.editing import EditingDesk
from bot.domain.arrival import Arrival
from bot.domain.clock import utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.editing.app import open_database
from stand_ins.rasa import RasaStandIn
from tests.support import ROOT
from tests.support.app import running
from tests.support.clock import Clock
from tests.support.content import ANSWER, OFFICES

FLOOD = "Lũ đang lên"
LIVE_WITHIN = 5.0
"""Seconds on a machine that does other things besides; at rest it is less than one."""
NOTICE = """
notice:
  from: 2026-11-22 08:00
  until: {until}
  vi: Lũ đang lên, bạn gọi 112 nếu cần cứu hộ.
  en: A flood is rising, call 112 if you need rescue.
"""
PAUSED = """
paused:
  web: {vi: "Trang đang tạm nghỉ.", en: "The page is paused."}
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content directory of the test's own."""
    directory = tmp_path / "content"
    (directory / "culture").mkdir(parents=True)
    shutil.copy(ROOT / "content" / "messages.yml", directory)
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    (directory / "culture" / "food.yml").write_text(ANSWER.format(name="food"), encoding="utf-8")
    return directory


def add(directory: Path, text: str) -> str:
    """Write something at the end of messages.yml; gives what stood there."""
    file = directory / "messages.yml"
    before = file.read_text("utf-8")
    file.write_text(before + text, encoding="utf-8")
    return before


def library(directory: Path, now: datetime.datetime) -> Library:
    loaded = load(directory, now=now)
    assert not loaded.findings
    return loaded.library


FOOD = Plan(reply=Kind.ANSWER, language=Language.VI, id="culture.food")


class TestNotice:
    def said(self, library: Library) -> list[str | None]:
        day = datetime.date(2026, 11, 22)
        return [card.alert for card in compose((FOOD, FOOD), library, day, arrival=Arrival.AT_ONCE).cards]

    def test_it_is_told_first_from_its_beginning_until_its_end(self, content: Path, clock: Clock) -> None:
        add(content, NOTICE.format(until="2026-11-22 10:00"))
        clock.now = datetime.datetime(2026, 11, 22, 0, 59, tzinfo=datetime.UTC)  # 07:59 in Việt Nam
        served = library(content, clock())
        assert self.said(served) == [None, None]
        assert served.until == datetime.datetime(2026, 11, 22, 1, tzinfo=datetime.UTC)
        clock.advance(minutes=1)
        during = served.at(clock())
        assert self.said(during) == ["Lũ đang lên, bạn gọi 112 nếu cần cứu hộ.", None]
        assert during.until == datetime.datetime(2026, 11, 22, 3, tzinfo=datetime.UTC)
        clock.advance(hours=2)
        after = served.at(clock())
        assert self.said(after) == [None, None]
        assert after.until is None

    def test_it_stands_on_top_on_telegram_and_on_zalo(self, content: Path, clock: Clock) -> None:
        add(content, NOTICE.format(until="2026-11-23"))
        served = library(content, clock() + datetime.timedelta(hours=2))
        (card,) = compose((FOOD,), served, clock().date(), arrival=Arrival.AT_ONCE).cards
        assert card.title
        telegram = render_telegram(card, served.messages.labels, None).parts[0].plain
        zalo = render_zalo(card, served.messages).pressed.texts[0]
        for text in (telegram, zalo):
            assert text.startswith(f"⚠️ {FLOOD}")
            assert card.title in text

    def test_an_end_before_the_beginning_is_found_when_it_is_checked(self, content: Path) -> None:
        add(content, NOTICE.format(until="2026-11-21"))
        (finding,) = [f for f in check(content, datetime.date(2026, 11, 22)) if f.is_error]
        assert "does not lie after `from`" in str(finding)

    def test_a_channel_that_there_is_not_is_found_when_it_is_checked(self, content: Path) -> None:
        add(content, PAUSED.replace("web", "fax"))
        (finding,) = [f for f in check(content, datetime.date(2026, 11, 22)) if f.is_error]
        assert "fax" in str(finding)


class TestLive:
    """While the service runs."""

    @pytest.mark.server
    async def test_both_are_live_without_a_restart_and_end_as_they_began(
        self, tmp_path: Path, content: Path
    ) -> None:
        rasa = RasaStandIn()
        async with rasa.serving() as rasa_url:
            settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(content), "WEB_RATE_LIMIT": "0"}
            async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
                before = add(content, NOTICE.format(until="2100-01-01"))
                first = await self.until(http, lambda replies: bool(replies[0]["alert"]))
                assert [reply["id"] for reply in first] == [None, "culture.food"]
                assert FLOOD in (await http.get("/", headers={"Accept-Language": "vi"})).text

                add(content, PAUSED)
                (only,) = await self.until(http, lambda replies: replies[0]["action"] == "paused")
                assert only["text"] == "Trang đang tạm nghỉ.\n\nThe page is paused."
                page = (await http.get("/", headers={"Accept-Language": "en"})).text
                assert "The page is paused." in page
                asked = len(rasa.asked)
                await self.ask(http, "food in a pause")
                assert len(rasa.asked) == asked

                (content / "messages.yml").write_text(before, encoding="utf-8")
                again = await self.until(http, lambda replies: replies[-1]["id"] == "culture.food")
                assert again[0]["alert"] is None

    @pytest.mark.server
    async def test_what_an_editor_says_on_the_page_is_live_within_a_second(
        self, tmp_path: Path, content: Path
    ) -> None:
        chief = Account(id=1, name="chief", full_name="Chief", may_approve=True)
        accounts = Accounts(Fernet.generate_key().decode())
        async with RasaStandIn().serving() as rasa_url:
            settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(content), "WEB_RATE_LIMIT": "0"}
            async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
                database = await open_database(f"sqlite:///{tmp_path}/editors.db")
                await database.transact(partial(accounts.invite, account=chief, now=utc_now()))
                desk = EditingDesk(database, content, lambda: load(content, now=utc_now()).library)
                file = (await emergency.situation(desk, chief)).base_file
                said = {Language.VI: f"{FLOOD}.", Language.EN: "A flood is rising."}
                await emergency.tell(desk, chief, file, emergency.TypedNotice("", "2100-01-01 08:00", said))
                began = time.monotonic()
                await self.until(http, lambda replies: bool(replies[0]["alert"]))
                took = time.monotonic() - began
                file = (await emergency.situation(desk, chief)).base_file
                await emergency.pause(desk, chief, file, "web", said)
                await self.until(http, lambda replies: replies[0]["action"] == "paused")
                await database.close()
        print(f"live after {took:.2f} s")
        assert took < LIVE_WITHIN

    async def ask(self, http: httpx.AsyncClient, text: str) -> list[dict[str, Any]]:
        answer = await http.post("/api/messages", json={"conversation": "c", "text": text})
        replies: list[dict[str, Any]] = answer.json()["replies"]
        return replies

    async def until(
        self, http: httpx.AsyncClient, condition: Callable[[list[dict[str, Any]]], bool]
    ) -> list[dict[str, Any]]:
        """Ask until the reply is as wanted."""
        async with asyncio.timeout(10):
            while True:
                replies = await self.ask(http, "food")
                if condition(replies):
                    return replies
                await asyncio.sleep(0.05)  # between two looks at a condition
