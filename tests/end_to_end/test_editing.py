"""Officials who know no YAML put a clarification before the city: in a browser, with the real bot behind."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.async_api import Browser, expect

from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.city import LIVE_SECONDS, MARKET, City, new_person, running_city
from tests.support.city_rasa import RASA_TOKEN
from tests.support.editors import GIT_NAME
from tests.support.editors_process import EditorsProcess
from tests.support.officials import invited, official
from tests.support.small_city import copy_small_project

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

NEW = "clarification.tin-can-tho-cam-xe-may"
WANTED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "clarification.yml").read_text("utf-8"))
ELSEWHERE = "mấy giờ thì chợ nổi đông ghe nhất"
SOURCE = "Thông báo của Sở Xây dựng"
ASKED = "sang nam con duoc chay xe gan may o ninh kieu khong"


def git(city: City, *arguments: str) -> str:
    """What git says in the city's project."""
    command = ["git", "-C", str(city.project), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """The bot with a content/ of few answers in git, and their model."""
    project = tmp_path_factory.mktemp("project")
    copy_small_project(project)
    async with running_city(project) as running:
        for command in (["init", "-q"], ["add", "content"], [*GIT_NAME, "commit", "-q", "-m", "First"]):
            git(running, *command)
        yield running


@pytest.fixture(scope="module")
async def editors(city: City) -> AsyncIterator[EditorsProcess]:
    """The editors' pages beside it."""
    rasa = {"RASA_URL": f"http://127.0.0.1:{city.rasa_port}", "RASA_TOKEN": RASA_TOKEN}
    process = EditorsProcess(city.project, rasa)
    try:
        await process.start()
        yield process
        assert await process.stop() == 0
    finally:
        await process.ensure_ended()


async def seconds_until(began: float, told: str, person: City, *, button: bool, words: str) -> float:
    """How long it takes until somebody who asks gets the new answer."""
    async with asyncio.timeout(LIVE_SECONDS):
        while True:
            someone = new_person()
            ask = person.presses(someone, f"answer:{NEW}") if button else person.asks(someone, told)
            card = await ask
            if card["id"] == NEW and words in card["text"]:
                return time.monotonic() - began
            await asyncio.sleep(0.2)  # between two questions: the training needs the processor, too


async def test_a_clarification_is_written_reviewed_published_corrected_and_withdrawn(
    browser: Browser, city: City, editors: EditorsProcess
) -> None:
    lan = await official(browser, editors, PHONE)
    minh = await official(browser, editors, DESKTOP)
    assert editors.first_link
    await lan.begins(await invited(editors, "lan", "Nguyễn Thị Lan", "write"))
    await minh.begins(await invited(editors, "minh", "Trần Minh", "write", "approve"))
    await minh.page.get_by_role("button", name="English").click()

    # Lan writes on her phone.
    await lan.presses("Viết câu trả lời mới")
    await lan.page.locator("[name=topic]").select_option("clarification")
    await lan.page.locator("[name=office]").select_option(WANTED["office"])
    for language in ("vi", "en"):
        await lan.page.locator(f"[name={language}]").fill(WANTED[language]["title"])
    await lan.presses("Bắt đầu viết")
    assert lan.page.url.endswith(f"/answers/{NEW}")
    for language in ("vi", "en"):
        for field in ("claim", "answer"):
            await lan.fills(f"{language}.{field}", WANTED[language][field])
        questions = [*WANTED[language]["questions"], *([ELSEWHERE] if language == "vi" else [])]
        await lan.fills(f"{language}.questions", "\n".join(questions))
        await lan.fills(f"clarified.by.{language}", WANTED["clarified"]["by"][language])
    await lan.fills("clarified.date", str(WANTED["clarified"]["date"]))
    await lan.page.locator("[name=verdict]").select_option(WANTED["verdict"])
    await expect(lan.page.locator("#typed-state")).to_contain_text("Đã giữ nội dung đang gõ")

    # What is missing is said at submitting, beside its field; nothing is lost by it.
    await lan.presses("Gửi duyệt")
    await lan.sees("Chưa gửi được")
    await lan.fills("sources.0.title", SOURCE)

    # A question belongs to another answer, and goes there.
    await lan.page.get_by_role("button", name="Người dân có tìm thấy không?").click()
    row = lan.page.locator("#findability li", has_text=ELSEWHERE)
    market = (await city.words(""))["title"]
    await expect(row).to_contain_text(market, timeout=60_000)
    await without_violations(lan.page)
    await row.get_by_role("button").click()
    await expect(lan.page.locator("[name='vi.questions']")).not_to_have_value(ELSEWHERE)
    await expect(row).to_have_count(0)

    await lan.presses("Lưu và xem trước")
    for channel in ("Telegram", "Zalo"):
        await expect(lan.page.get_by_role("heading", name=channel).first).to_be_visible()
    await lan.sees(WANTED["vi"]["claim"])
    await lan.sees(WANTED["en"]["claim"])
    await lan.presses("Viết")
    await lan.presses("Gửi duyệt")
    await lan.sees("Đã gửi duyệt")

    # Minh looks, remarks on a field, and gives it back.
    await minh.opens("/")
    await minh.presses(WANTED["en"]["title"])
    await minh.page.locator("#remark-field").select_option("vi.answer")
    await minh.page.locator("#remark-text").fill("Thêm nơi người dân hỏi thêm.")
    await minh.presses("Add the remark")
    await minh.presses("Review, publish")
    await minh.page.locator("#return-note").fill("Gần xong rồi.")
    await minh.presses("Give back")

    # Lan mends it.
    await lan.opens(f"/answers/{NEW}")
    await lan.sees("Gần xong rồi.")
    await lan.sees("Thêm nơi người dân hỏi thêm.")
    mended = f"{WANTED['vi']['answer']} Hỏi thêm tại Sở Xây dựng."
    await lan.fills("vi.answer", mended)
    await lan.presses("Đã sửa xong")
    await expect(lan.page.locator("[name='vi.answer']")).to_have_value(mended)
    await lan.presses("Gửi duyệt")

    # Minh approves and publishes; a citizen on the page gets it.
    assert (await city.asks(new_person(), ASKED))["id"] != NEW
    await minh.opens(f"/answers/{NEW}/publish")
    await minh.presses("Approve")
    await minh.page.locator("#note").fill("Tin đồn lan từ sáng nay")
    began = time.monotonic()
    await minh.page.get_by_role("button", name="Publish now").first.click()
    words = await seconds_until(began, "", city, button=True, words="Hỏi thêm tại Sở Xây dựng")
    understood = await seconds_until(began, ASKED, city, button=False, words="Hỏi thêm tại Sở Xây dựng")
    print(f"\nfrom “publish” to the words: {words:.1f} s; to the first right answer: {understood:.1f} s")
    await expect(minh.page.locator("main")).to_contain_text(
        "The new questions are understood", timeout=1000 * LIVE_SECONDS
    )
    await without_violations(minh.page)
    citizen = await browser.new_page(locale="vi-VN")
    await citizen.goto(city.process.url)
    await citizen.get_by_label("Câu hỏi của bạn").fill(ASKED)
    await citizen.keyboard.press("Enter")
    await expect(citizen.locator(".card").last).to_contain_text("Hỏi thêm tại Sở Xây dựng", timeout=60_000)
    log = git(city, "log", "-1", "--format=%an%n%B", "--", "content")
    assert "Tin đồn lan từ sáng nay" in log

    # It is corrected, and compared with what is live. A number stands in both languages, or it is not taken.
    await lan.opens(f"/answers/{NEW}")
    await lan.fills("vi.answer", mended.replace("Sở Xây dựng", "tổng đài 1022"))
    await lan.presses("Gửi duyệt")
    await lan.sees("Chưa gửi được")
    await lan.fills("en.answer", f"{WANTED['en']['answer']} Ask the line 1022.")
    await lan.presses("Lưu nháp", last=True)  # the first one is for the Enter key
    await lan.presses("So sánh")
    await expect(lan.page.locator("ins", has_text="1022").first).to_be_visible()
    await expect(lan.page.locator("del", has_text="Xây").first).to_be_visible()
    await lan.presses("Viết")
    await lan.presses("Gửi duyệt")
    await lan.sees("Đã gửi duyệt")
    await minh.opens(f"/answers/{NEW}/publish")
    await minh.presses("Approve")
    began = time.monotonic()
    await minh.page.get_by_role("button", name="Publish now").first.click()
    words = await seconds_until(began, "", city, button=True, words="tổng đài 1022")
    print(f"from “publish” to the corrected words: {words:.1f} s")

    # It is withdrawn, and who asks is told so.
    await minh.opens(f"/answers/{NEW}/withdraw")
    await minh.page.locator("[name=meaning][value=reason]").check()
    await minh.page.locator("[name=reason_vi]").fill("Sở Xây dựng đang xem lại.")
    await minh.page.locator("[name=reason_en]").fill("The department is looking at it again.")
    await minh.page.locator("[name=sure]").check()
    await minh.presses("Withdraw the answer")
    assert "Sở Xây dựng đang xem lại" in (await city.withdrawn(new_person(), NEW))["text"]
    await minh.opens(f"/answers/{NEW}/history")
    for kind in ("Published", "Withdrawn"):
        await minh.sees(kind)
    await lan.opens(f"/answers/{MARKET}")
    assert ELSEWHERE in await lan.page.locator("[name='vi.questions']").input_value()
