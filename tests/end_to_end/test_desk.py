"""What the staff do for people reaches them: all is real but Telegram's servers."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.content.library import Library
from bot.domain.language import Language
from stand_ins.telegram import TOKEN, StandIn
from tests.support import ROOT
from tests.support.bot_process import BotProcess
from tests.support.chromium import DESKTOP, PHONE
from tests.support.city_rasa import RASA_TOKEN
from tests.support.editors_process import EditorsProcess
from tests.support.officials import invited, official
from tests.support.telegram_talk import Talk, labels

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

RUMOUR = "clarification.bank-transfer-tax"
NOTICE = {"vi": "Bão đang vào. Bạn ở yên trong nhà.", "en": "A storm is coming. Stay indoors."}
PAUSE = {"vi": "Telegram tạm nghỉ, bạn hỏi ở trang web nhé.", "en": "Telegram rests; ask on the web page."}


@pytest.fixture
async def bot(
    telegram_url: str, rasa_server: str, tmp_path: Path, telegram: StandIn
) -> AsyncIterator[BotProcess]:
    """The bot with a content/ that the editors may change."""
    shutil.copytree(ROOT / "content", tmp_path / "content")
    settings = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": telegram_url, "RASA_URL": rasa_server}
    process = BotProcess(tmp_path, settings)
    await process.start()
    yield process
    await process.ensure_ended()


@pytest.fixture
async def editors(bot: BotProcess, rasa_server: str, tmp_path: Path) -> AsyncIterator[EditorsProcess]:
    """The editors' pages beside it, on the same database of the bot's."""
    settings = {"RASA_URL": rasa_server, "RASA_TOKEN": RASA_TOKEN, "BOT_URL": bot.url}
    process = EditorsProcess(tmp_path, settings)
    try:
        await process.start()
        yield process
    finally:
        await process.ensure_ended()


async def test_a_question_is_replied_to_news_announced_and_people_warned(
    browser: Browser, telegram: StandIn, editors: EditorsProcess, library: Library
) -> None:
    vi = Language.VI
    an = Talk(telegram, telegram.person("An", "vi"))
    lan, minh = await official(browser, editors, PHONE), await official(browser, editors, DESKTOP)
    await lan.begins(await invited(editors, "lan", "Nguyễn Thị Lan", "write", "approve"))
    await minh.begins(await invited(editors, "minh", "Trần Minh", "administer"))

    # Somebody leaves a question, and is replied to from a phone.
    nothing = await an.say("qwrtz plmkj xcvbn")
    asked = await an.press(nothing, "Gửi cho cán bộ")
    await an.press(asked, "Đồng ý")
    await lan.opens("/questions?show=waiting")
    await lan.page.locator(".row-title").first.click()
    await lan.presses("Trả lời người hỏi")
    await lan.page.fill("#text", "Chào An, thứ hai quầy mở lúc 7 giờ.")
    await lan.presses("Xem trước")
    await lan.presses("Gửi cho người hỏi")
    assert "thứ hai quầy mở lúc 7 giờ" in (await an.hear())["text"]
    async with asyncio.timeout(20):
        while "đã tới nơi" not in await lan.page.inner_text("main"):
            await lan.page.reload()

    # News goes to who subscribed, after a second yes.
    subscribing = await an.say("/subscribe")
    await an.press(subscribing, labels(subscribing)[0])
    await minh.opens(f"/announce/{RUMOUR}/news")
    await minh.sees("dưới năm")
    await minh.presses("Tiếp tục…")
    await minh.presses("Có, gửi ngay")
    assert library.answers[RUMOUR][vi].title in (await an.hear())["text"]
    await expect(minh.page.locator("main")).to_contain_text("đã tới nơi: dưới năm", timeout=20_000)

    # In an emergency everybody is told at once, and a channel rests.
    await lan.opens("/emergency")
    for language, text in NOTICE.items():
        await lan.page.fill(f"#notice-{language}", text)
    await lan.presses("Tiếp tục…")
    began = time.monotonic()
    await lan.page.get_by_role("button", name="Có, thông báo cho mọi người").click()
    while NOTICE["vi"] not in (await an.say("/help"))["text"]:
        pass
    print(f"\nfrom the editor's yes to a citizen's reply: {time.monotonic() - began:.1f} s")
    await lan.opens("/emergency")
    await lan.page.get_by_text("Tạm dừng Telegram").click()
    form = lan.page.locator("form[action='/emergency/pause']", has=lan.page.locator("#telegram-vi"))
    for language, text in PAUSE.items():
        await lan.page.fill(f"#telegram-{language}", text)
    async with lan.page.expect_navigation():
        await form.get_by_role("button").click()
    await lan.presses("Có, tạm dừng Telegram")
    while PAUSE["vi"] not in (await an.say("chợ nổi"))["text"]:
        pass
