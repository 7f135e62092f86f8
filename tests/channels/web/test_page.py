"""The chat page: as the server gives it, and as people use it in a browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, ConsoleMessage, Page, Response, Route, async_playwright, expect

from bot.server import SECURITY_HEADERS
from bot.store.models import DeliveryStatus
from tests.channels.web.conftest import Site
from tests.channels.web.least_browser.uses import without_what_is_newer

PHONE = (360, 740)
DESKTOP = (1280, 800)
LEAST_BROWSER = without_what_is_newer()
CHROMIUM_SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


class TestServed:
    @pytest.mark.parametrize(
        ("query", "headers", "language"),
        [
            ("", {}, "vi"),
            ("", {"Accept-Language": "en-US,en;q=0.9"}, "en"),
            ("", {"Accept-Language": "fr, vi;q=0.5, en;q=0.8"}, "en"),
            ("", {"Accept-Language": "en;q=0, fr"}, "vi"),
            ("", {"Accept-Language": "en;q=often, *"}, "vi"),
            ("", {"Accept-Language": "en; q=0.9"}, "en"),
            ("", {"Accept-Language": "vi ;\tq=0.8 , EN-gb ; Q=0.9"}, "en"),
            ("", {"Accept-Language": "en;q=nan, vi;q=0.1"}, "vi"),
            ("", {"Accept-Language": "en;q=7, en;q=inf, en-"}, "vi"),
            ("", {"Accept-Language": "en", "Cookie": "language=vi"}, "vi"),
            ("", {"Accept-Language": "en", "Cookie": "language=xx"}, "en"),
            ("?lang=en", {"Cookie": "language=vi"}, "en"),
            ("?lang=xx", {}, "vi"),
        ],
    )
    async def test_in_the_language_asked_for_else_remembered_else_the_browsers(
        self, site: Site, query: str, headers: dict[str, str], language: str
    ) -> None:
        async with httpx.AsyncClient(base_url=site.url) as client:
            response = await client.get(f"/{query}", headers=headers)
        assert f'<html lang="{language}">' in response.text
        assert response.headers["Content-Language"] == language

    async def test_a_chosen_language_is_remembered(self, site: Site) -> None:
        async with httpx.AsyncClient(base_url=site.url) as client:
            await client.get("/?lang=en")
            assert '<html lang="en">' in (await client.get("/")).text

    async def test_nothing_is_inline_and_every_file_is_ours(self, site: Site) -> None:
        async with httpx.AsyncClient(base_url=site.url) as client:
            page = await client.get("/")
            assert page.headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=)", page.text)
            files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
            assert len(files) >= 4
            for file in files:
                assert (await client.get(file)).status_code == 200, file

    async def test_only_topics_with_answers_are_offered(self, site: Site) -> None:
        async with httpx.AsyncClient(base_url=site.url) as client:
            page = (await client.get("/")).text
        assert set(re.findall(r'data-payload="topic:(\w+):1"', page)) == {
            "culture",
            "diaspora",
            "clarification",
        }


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing = "The tests of the page need Chromium: apt-get install chromium fonts-noto-core"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_SWITCHES)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser, site: Site, size: tuple[int, int] = DESKTOP, scheme: str = "light", path: str = "/"
) -> AsyncIterator[Page]:
    """The page in a browser of its own that has nothing newer than the least one.

    Anything its console complains of is a failure.
    """
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    site.rasa.begin_anew()
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="vi-VN",
        base_url=site.url,
    )
    await context.add_init_script(LEAST_BROWSER)
    page = await context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(path)
    yield page
    await context.close()
    assert not complaints


async def ask(page: Page, text: str) -> None:
    """Type a question, send it with the Enter key, and wait for its card."""
    turns = await page.locator(".turn").count()
    await page.get_by_label("Câu hỏi của bạn").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".turn").nth(turns).locator(".card")).to_be_visible()


def acknowledges(response: Response) -> bool:
    """Whether this is the answer to the page's word that it has a delivery."""
    asked = response.request.post_data or ""
    return response.url.endswith("/api/deliveries") and '"received":[]' not in asked


@pytest.mark.browser
class TestConversation:
    async def test_a_question_gets_its_card(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "chợ nổi mấy giờ đông?")
            card = page.locator(".card")
            await expect(card.get_by_role("heading")).to_have_text("Chợ nổi Cái Răng")
            await expect(card.locator(".text")).to_contain_text("5-6 giờ sáng")
            await expect(card.locator("dl")).to_contain_text("20/11/2026")
            await expect(card.get_by_role("link", name="Xem bản đồ")).to_have_attribute(
                "href", re.compile("^https://www.google.com/maps/")
            )
            await expect(card.locator(".sources li")).to_have_count(2)
            await expect(card.locator(".sources li").first).to_be_hidden()
            await card.get_by_text("Nguồn (2)").click()
            await expect(card.locator(".sources li").first).to_have_text(
                re.compile(r"829/QĐ-BVHTTDL · Bộ Văn hóa, Thể thao và Du lịch · 10/03/2016")
            )

    async def test_a_clarification_shows_claim_and_verdict(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "phải làm lại căn cước hả")
            await expect(page.locator("blockquote")).to_have_text(
                "Sáp nhập xong ai cũng phải làm lại căn cước."
            )
            await expect(page.locator(".verdict")).to_have_text("Không đúng")
            await expect(page.locator(".card dl")).to_contain_text("Bộ Công an, 17/07/2025")

    async def test_a_choice_is_pressed_and_answered(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "nhà")
            await page.get_by_role("button", name="Kiều bào mua nhà").click()
            await expect(page.locator(".turn").nth(1).locator(".said")).to_contain_text("Kiều bào mua nhà")
            await expect(page.locator(".turn").nth(1).locator(".title")).to_have_text("Kiều bào mua nhà")

    async def test_a_reply_of_the_staff_is_there_when_the_person_comes_back_once(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await ask(page, "giờ trên mặt trăng")
            await ask(page, "gặp cán bộ")
            await page.get_by_role("button", name="Đồng ý").click()
            await expect(page.locator(".card").nth(2)).to_contain_text("Đã gửi câu hỏi")
            (*_, kept) = await site.outbox.questions()
            await site.outbox.reply(kept.id, "Không rõ, **xin lỗi**.")
            assert await site.postman.deliver_next()
            async with page.expect_response(acknowledges):
                await page.reload()
            for _ in range(2):
                await expect(page.locator(".card").nth(3)).to_contain_text("xin lỗi")
                await expect(page.locator(".turn")).to_have_count(4)
                await expect(page.locator(".turn").nth(3).locator(".said")).to_have_count(0)
                await page.reload()
            (*_, kept) = await site.outbox.questions(everything=True)
            assert kept.status is DeliveryStatus.SENT

    async def test_an_answer_can_be_called_helpful(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "món ngon")
            await page.get_by_role("button", name="Chưa hữu ích").click()
            await expect(page.locator(".card").nth(1)).to_contain_text("xin lỗi")
            await page.locator(".card").nth(1).get_by_role("button", name="Gửi cho cán bộ").click()
            await expect(page.locator(".card").nth(2)).to_contain_text("gõ câu hỏi")

    async def test_the_same_answer_in_the_other_language(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "chợ nổi")
            await page.locator(".card").get_by_role("button", name="English").click()
            english = page.locator(".card[lang=en]")
            await expect(english.get_by_role("heading")).to_have_text("Cái Răng floating market")
            await expect(english.locator("dl")).to_contain_text("Checked on")

    async def test_topics_and_examples_can_be_pressed(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await page.get_by_role("button", name="Văn hóa và du lịch").click()
            await expect(page.locator(".card").get_by_role("button", name="Món ngon Cần Thơ")).to_be_visible()
            await page.get_by_role("button", name="Chợ nổi mấy giờ đông ghe nhất?").click()
            await expect(page.get_by_role("heading", name="Chợ nổi Cái Răng")).to_be_visible()

    async def test_what_people_type_is_shown_as_text(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "<img src=x onerror=alert(1)> & chợ nổi")
            await expect(page.locator(".said .words")).to_have_text("<img src=x onerror=alert(1)> & chợ nổi")

    async def test_shift_and_enter_begin_a_new_line(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            box = page.get_by_label("Câu hỏi của bạn")
            await box.press_sequentially("một")
            await box.press("Shift+Enter")
            await box.press_sequentially("hai")
            await expect(box).to_have_value("một\nhai")
            await expect(page.locator(".turn")).to_have_count(0)

    async def test_enter_that_ends_a_word_being_composed_sends_nothing(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            box = page.get_by_label("Câu hỏi của bạn")
            await box.fill("chợ nổi")
            await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
            await expect(page.locator(".turn")).to_have_count(0)
            await expect(box).to_have_value("chợ nổi")

    async def test_a_slow_answer_is_announced_as_on_its_way(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            site.rasa.may_answer.clear()
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("status")).to_have_text("Đang tìm câu trả lời…")
            await expect(page.locator(".working")).to_be_visible()
            site.rasa.may_answer.set()
            await expect(page.locator(".card")).to_be_visible()
            await expect(page.get_by_role("status")).to_be_empty()
            await expect(page.locator(".working")).to_have_count(0)


@pytest.mark.browser
class TestTranscript:
    async def test_a_reload_keeps_it(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "chợ nổi")
            await ask(page, "nhà")
            before = await page.locator("#transcript").inner_text()
            await page.reload()
            assert await page.locator("#transcript").inner_text() == before
            await page.get_by_role("button", name="Kiều bào mua nhà").last.click()
            await expect(page.locator(".turn")).to_have_count(3)

    async def test_a_question_that_was_under_way_is_answered_after_a_reload(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            site.rasa.may_answer.clear()
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.locator(".working")).to_be_visible()
            await page.reload()
            site.rasa.may_answer.set()
            await expect(page.locator(".card .title")).to_have_text("Chợ nổi Cái Răng")
            assert site.rasa.asked.count("chợ nổi") == 1

    async def test_the_language_switch_keeps_it(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await ask(page, "chợ nổi")
            await page.get_by_role("link", name="English").click()
            await expect(page.locator("html")).to_have_attribute("lang", "en")
            await expect(page.locator(".card .title")).to_have_text("Chợ nổi Cái Răng")
            await page.goto("/")
            await expect(page.locator("html")).to_have_attribute("lang", "en")

    async def test_it_can_be_cleared_and_a_new_conversation_begins(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await ask(page, "chợ nổi")
            first = await page.evaluate("JSON.parse(localStorage['hoi-can-tho']).conversation")
            clear = page.get_by_role("button", name="Xóa cuộc trò chuyện trên máy này")
            await clear.click()
            await page.get_by_role("button", name="Thôi").click()
            await expect(page.locator(".turn")).to_have_count(1)
            await clear.click()
            await page.get_by_role("button", name="Đồng ý").click()
            await expect(page.locator(".turn")).to_have_count(0)
            await expect(page.get_by_role("status")).to_have_text("Đã xóa cuộc trò chuyện trên máy này.")
            second = await page.evaluate("JSON.parse(localStorage['hoi-can-tho']).conversation")
            assert re.fullmatch("[0-9a-f]{32}", second)
            assert first != second
            await page.reload()
            await expect(page.locator(".turn")).to_have_count(0)


@pytest.mark.browser
class TestTrouble:
    async def test_a_question_that_could_not_be_sent_is_kept_and_sent_again(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await page.context.set_offline(True)
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.locator(".trouble")).to_contain_text("Chưa gửi được")
            await page.context.set_offline(False)
            await page.get_by_role("button", name="Thử lại").click()
            await expect(page.locator(".card .title")).to_have_text("Chợ nổi Cái Răng")
            await expect(page.locator(".trouble")).to_have_count(0)

    async def test_a_reply_that_was_lost_is_fetched_and_not_asked_again(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            lost = 0

            async def lose_the_first(route: Route) -> None:
                nonlocal lost
                response = await route.fetch()
                lost += 1
                await (route.abort() if lost == 1 else route.fulfill(response=response))

            await page.route("**/api/messages", lose_the_first)
            await ask(page, "chợ nổi")
            assert lost == 2
            assert site.rasa.asked.count("chợ nổi") == 1

    async def test_a_flood_is_answered_with_how_long_to_wait(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await page.route(
                "**/api/messages", lambda route: route.fulfill(status=429, headers={"Retry-After": "17"})
            )
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.locator(".trouble")).to_contain_text("Chờ 17 giây")
            await page.unroute("**/api/messages")
            await page.get_by_role("button", name="Thử lại").click()
            await expect(page.locator(".card")).to_be_visible()


@pytest.mark.browser
class TestForEverybody:
    async def test_it_works_by_keyboard_alone(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await page.keyboard.press("Tab")
            await expect(page.get_by_role("link", name="Tới ô nhập câu hỏi")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.get_by_label("Câu hỏi của bạn")).to_be_focused()
            await page.keyboard.type("nhà")
            await page.keyboard.press("Enter")
            await expect(page.locator(".card")).to_be_visible()
            for _ in range(3):  # back over "none of these" and the second choice to the first
                await page.keyboard.press("Shift+Tab")
            await expect(page.get_by_role("button", name="Kiều bào mua nhà")).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.locator(".card .title")).to_have_text("Kiều bào mua nhà")

    async def test_what_has_the_focus_is_seen(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site, PHONE) as page:
            await ask(page, "chợ nổi")
            for _ in range(await page.locator("button:visible, a:visible, summary").count()):
                await page.keyboard.press("Tab")
                seen = await page.evaluate("""() => {
                    const focused = document.activeElement;
                    if (focused === document.body) return true;
                    const box = focused.getClientRects()[0]; // a link may go over two lines
                    const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                    const holder = focused.matches('textarea') ? focused.parentElement : focused;
                    const isRinged = getComputedStyle(holder).outlineStyle !== 'none';
                    return focused.contains(above) && isRinged;
                }""")
                assert seen, await page.evaluate("document.activeElement.outerHTML")

    async def test_answers_are_announced(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            log = page.get_by_role("log", name="Cuộc trò chuyện")
            await expect(log).to_have_attribute("aria-live", "polite")
            await page.evaluate("""() => {
                window.announced = "";
                const watch = (changes) => changes.forEach((change) =>
                    change.addedNodes.forEach((node) => (window.announced += node.textContent)));
                new MutationObserver(watch).observe(document.querySelector("[role=log]"),
                    { childList: true, subtree: true });
            }""")
            await ask(page, "chợ nổi")
            announced = await page.evaluate("window.announced")
            assert "chợ nổi" in announced
            assert "Chợ đông nhất lúc 5-6 giờ sáng" in announced
            await expect(log).not_to_have_attribute("aria-busy", "true")

    async def test_a_narrow_phone_scrolls_down_only(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site, (320, 640)) as page:
            for text in ("chợ nổi", "căn cước", "nhà", "mưa", "x" * 300):
                await ask(page, text)
                assert await page.evaluate("document.documentElement.scrollWidth") <= 320

    async def test_everything_pressed_is_large_enough(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site, PHONE) as page:
            for text in ("chợ nổi", "nhà"):
                await ask(page, text)
            for target in await page.locator("button:visible, summary:visible, .bar a:visible").all():
                box = await target.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 44, await target.inner_text()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", [PHONE, DESKTOP])
    async def test_axe_finds_nothing(
        self, browser: Browser, site: Site, size: tuple[int, int], scheme: str
    ) -> None:
        async with opened(browser, site, size, scheme) as page:
            await without_violations(page)
            for text in ("chợ nổi", "món ngon", "căn cước", "nhà", "xóa dữ liệu", "mưa", "gặp cán bộ"):
                await ask(page, text)
            for summary in await page.locator("summary").all():
                await summary.click()
            await page.locator(".card").get_by_role("button", name="English").first.click()
            await expect(page.locator(".card[lang=en]")).to_be_visible()
            await page.context.set_offline(True)
            await page.get_by_label("Câu hỏi của bạn").fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.locator(".trouble")).to_be_visible()
            await without_violations(page)
            await page.locator("#clear").click()
            await without_violations(page)


async def without_violations(page: Page) -> None:
    """Fail with axe's report if it finds anything."""
    results = await Axe().run(page, options={"rules": {"target-size": {"enabled": True}}})
    assert results.violations_count == 0, results.generate_report()
