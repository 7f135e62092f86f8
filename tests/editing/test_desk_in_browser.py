"""A walk through what the city does about real questions, in a real browser at both widths."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from bot.http_server import SecurityHeaders
from bot.storage.models import Delivery, QuestionState
from bot.storage.outbox import Outbox
from stand_ins.serving import serving
from tests.support.bot_database import BotDatabase
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.editors import Pages
from tests.support.staffed import PARKING, RUMOUR, Staffed, rumour

pytestmark = pytest.mark.browser


@dataclass
class Walk:
    """A tab of somebody who may do everything, on the pages beside a bot's database."""

    pages: Pages
    bot: BotDatabase
    url: str
    page: Page
    size: tuple[int, int]

    async def opens(self, address: str) -> None:
        await self.page.goto(f"{self.url}{address}")
        await self.looks(address)

    async def looks(self, name: str) -> None:
        """The page is without findings and fits its window; a picture, where PICTURES names a folder."""
        await without_violations(self.page)
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= self.size[0], name
        if folder := os.environ.get("PICTURES"):
            name = name.strip("/").replace("/", "-") or "start"
            file = f"{folder}/{name}-{self.size[0]}.png"
            await self.page.screenshot(path=file, full_page=True)

    async def presses(self, button: str) -> None:
        async with self.page.expect_navigation():
            await self.page.locator("main").get_by_role("button", name=button).first.click()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
async def walk(staffed: Staffed, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Walk]:
    async with _walk(staffed, browser, request.param) as walking:
        yield walking


@asynccontextmanager
async def _walk(staffed: Staffed, browser: Browser, size: tuple[int, int]) -> AsyncIterator[Walk]:
    pages, bot = staffed
    rumour(pages)
    async with serving(SecurityHeaders(pages.app)) as url, pages.browser() as client:  # type: ignore[arg-type]
        await pages.entered(client, "lan", may_approve=True)
        context = await browser.new_context(viewport={"width": size[0], "height": size[1]})
        await context.add_cookies([{"name": "editor", "value": client.cookies["editor"], "url": url}])
        page = await context.new_page()
        page.set_default_timeout(20_000)
        yield Walk(pages, bot, url, page, size)
        await context.close()


async def test_from_a_question_to_an_answer_a_reply_an_announcement_and_an_emergency(walk: Walk) -> None:
    page, bot = walk.page, walk.bot
    for days in (5, 1):
        await bot.asked(
            "gửi xe máy qua đêm ở bến Ninh Kiều được không", QuestionState.LEFT, nearest=PARKING,
            channel="zalo" if days == 5 else "telegram", days=days,
        )  # fmt: skip
    for _ in range(4):
        await bot.asked("gui xe qua dem o ben ninh kieu duoc khong", nearest=PARKING)
    await bot.asked("where do I park a caravan overnight", nearest=PARKING, language="en", channel="web")
    await bot.asked("Bao giờ cầu đi bộ mở lại?", nearest=None)
    await bot.subscribed(128, ["city"], "telegram", "vi")
    await bot.subscribed(37, ["city", "culture"], "zalo", "vi")
    await bot.subscribed(3, ["clarification"], "web", "en")
    await bot.watching(9, PARKING)

    # What waits.
    await walk.opens("/")
    await page.get_by_role("link", name="người chờ trả lời quá 3 ngày").click()
    await walk.looks("questions-waiting")
    await walk.opens("/questions")
    await page.locator(".row-title").first.click()
    await expect(page.locator("h1")).to_contain_text("câu hỏi cùng một ý")
    await walk.looks("question")

    # A reply.
    await page.get_by_role("link", name="Trả lời người hỏi").first.click()
    await page.fill("#text", "Được, bãi số 2 mở cả đêm: **10.000 đồng** một xe.")
    await page.select_option("#answer", PARKING)
    await walk.presses("Xem trước")
    await expect(page.locator("main")).to_contain_text("bãi số 2 mở cả đêm")
    await walk.looks("reply")
    await walk.presses("Gửi cho người hỏi")
    await expect(page.locator("main")).to_contain_text("đang gửi")
    outbox = Outbox(bot.database)
    due = await outbox.claim(["zalo", "telegram"])
    assert due
    await outbox.waits(due, "the person wrote 120 hours ago")
    await page.reload()
    await expect(page.locator("main")).to_contain_text("đợi người hỏi nhắn tiếp")
    await walk.looks("question-replied")

    # Into an answer.
    await walk.opens("/questions")
    await page.get_by_role("link", name="where do I park a caravan").click()
    await walk.presses("Thêm vào “Gửi xe ở đâu”")
    await expect(page.locator(".done")).to_contain_text("Đã thêm")
    await walk.opens(f"/answers/{PARKING}")
    await expect(page.locator("[name='en.questions']")).to_have_value(
        "where can I park\nwhere do I park a caravan overnight"
    )
    await walk.opens("/questions")
    await page.get_by_role("link", name="Bao giờ cầu đi bộ").click()
    await page.locator("main").get_by_text("Viết câu trả lời mới từ câu này").click()
    await walk.looks("question-new")
    await walk.presses("Viết câu trả lời mới")
    await expect(page.locator("[name='vi.title']")).to_have_value("Bao giờ cầu đi bộ mở lại")

    # Announce, with a second yes; watch it, and stop it.
    await walk.opens("/announce")
    await walk.opens(f"/announce/{RUMOUR}/news")
    await expect(page.locator("#reach").locator("..")).to_contain_text("dưới năm")
    await page.get_by_role("link", name="Tiếp tục").click()
    await walk.looks("announce-confirm")
    await walk.presses("Có, gửi ngay")
    await expect(page.locator("main")).to_contain_text("đang gửi: khoảng 165")
    sent = await outbox.claim(["telegram"])
    assert sent
    await outbox.sent(sent)
    await expect(page.locator("#learning")).to_contain_text("đã tới nơi: dưới năm", timeout=10_000)
    await walk.looks("announced")
    await walk.presses("Dừng gửi")
    await expect(page.locator(".done")).to_contain_text("Đã dừng")
    assert len([row for row in await bot.rows(Delivery) if row.announcement == RUMOUR]) == 1  # type: ignore[attr-defined]

    # An emergency.
    await walk.opens("/emergency")
    await page.fill("#notice-vi", "Bão đang vào Cần Thơ. Bạn ở yên trong nhà; cần cứu hộ thì gọi 112.")
    await page.fill("#notice-en", "A storm is reaching Cần Thơ. Stay indoors; call 112 if you need rescue.")
    await walk.presses("Tiếp tục")
    await walk.looks("emergency-confirm")
    await walk.presses("Có, thông báo cho mọi người")
    assert walk.pages.desk.library().messages.notice
    await page.get_by_text("Tạm dừng Telegram").click()
    await (
        page.locator("form[action='/emergency/pause']", has=page.locator("#telegram-vi"))
        .get_by_role("button")
        .click()
    )
    await walk.presses("Có, tạm dừng Telegram")
    assert walk.pages.desk.library().messages.paused.on("telegram")
    await walk.looks("emergency-on")
    await page.fill("#q", "gui xe")
    await walk.presses("Tìm")
    await page.get_by_role("link", name="Gửi xe ở đâu").last.click()
    await walk.looks("emergency-withdraw")
    await walk.presses("Có, rút ngay")
    await expect(page.locator(".done")).to_contain_text("Đã rút")

    # Those who wanted to hear of it.
    await walk.opens("/announce")
    await page.get_by_role("link", name="Gửi xe ở đâu").first.click()
    await walk.looks("correction")
    await page.get_by_role("link", name="Tiếp tục").click()
    await walk.presses("Có, gửi ngay")
    assert len([row for row in await bot.rows(Delivery) if row.change]) == 9  # type: ignore[attr-defined]
    await walk.opens("/")
