"""The chat page: as the server gives it, and as people use it in a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, Response, Route, expect

from bot.http_server import SECURITY_HEADERS
from bot.storage.models import DeliveryStatus
from tests.support.chat_page import ask, opened
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.site import Site, running_site


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

    async def test_a_shared_location_is_sent_to_some_hundred_metres(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site, PHONE) as page:
            await page.context.grant_permissions(["geolocation"])
            await page.context.set_geolocation({"latitude": 10.03412, "longitude": 105.78674})
            async with page.expect_request("**/api/messages") as asked:
                await page.get_by_role("button", name="Mình đang ở phường, xã nào?").click()
            assert '"button":"near:10.034:105.787"' in ((await asked.value).post_data or "")
            await expect(page.locator(".said .words")).to_have_text("Mình đang ở phường, xã nào?")
            await expect(page.locator(".card")).to_be_visible()

    async def test_a_location_that_is_not_shared_is_told_below_the_question(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await page.get_by_role("button", name="Mình đang ở phường, xã nào?").click()
            await expect(page.locator("#length")).to_contain_text("chưa cho xem vị trí")

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
            assert await site.delivery_worker.deliver_next()
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
            assert site.rasa.texts.count("chợ nổi") == 1

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
            assert site.rasa.texts.count("chợ nổi") == 1

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


BOX = "Câu hỏi của bạn"


@asynccontextmanager
async def second_tab(page: Page) -> AsyncIterator[Page]:
    """Another tab of the same browser, with the same page."""
    other = await page.context.new_page()
    await other.goto("/")
    yield other
    await other.close()


@pytest.mark.browser
class TestTwice:
    """The same act twice is one turn, and one message to the server."""

    @pytest.mark.parametrize("name", ["Văn hóa và du lịch", "Chợ nổi mấy giờ đông ghe nhất?"])
    async def test_a_double_click(self, browser: Browser, site: Site, name: str) -> None:
        async with opened(browser, site) as page:
            await page.get_by_role("button", name=name).dblclick()
            await expect(page.locator(".card")).to_have_count(1)
            await expect(page.locator(".turn")).to_have_count(1)
            assert len(site.rasa.asked) == 1

    async def test_a_double_click_under_a_card_also_where_the_answer_came_in_between(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            await ask(page, "nhà")
            button = page.get_by_role("button", name="Kiều bào mua nhà")
            await button.evaluate("""async (button) => {
                button.click();
                const cards = document.getElementsByClassName("card");
                while (cards.length < 2) await new Promise(requestAnimationFrame);
                button.click();
            }""")
            await ask(page, "chợ nổi")
            await expect(page.locator(".turn")).to_have_count(3)
            assert len(site.rasa.asked) == 3

    async def test_enter_twice(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            site.rasa.may_answer.clear()
            for _ in range(2):  # also typed again while the first is under way
                await page.get_by_label(BOX).fill("chợ nổi")
                await page.keyboard.press("Enter")
                await page.keyboard.press("Enter")
            site.rasa.may_answer.set()
            await expect(page.locator(".card")).to_have_count(1)
            await expect(page.locator(".turn")).to_have_count(1)
            assert len(site.rasa.asked) == 1

    async def test_in_two_tabs_at_once(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page, second_tab(page) as other:
            topic = 'document.querySelector(".topics button").click()'
            await asyncio.gather(page.evaluate(topic), other.evaluate(topic))
            for tab in (page, other):
                await expect(tab.locator(".card")).to_have_count(1)
                await expect(tab.locator(".turn")).to_have_count(1)
            assert len(site.rasa.asked) == 1

    async def test_later_it_is_asked_again(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            for number in range(1, 3):
                await ask(page, "chợ nổi")
                await expect(page.locator(".card")).to_have_count(number)
            assert len(site.rasa.asked) == 2


@pytest.mark.browser
class TestTabs:
    async def test_each_sees_what_the_other_asked(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page, second_tab(page) as other:
            await ask(page, "chợ nổi")
            await expect(other.locator(".card .title")).to_have_text("Chợ nổi Cái Răng")
            await ask(other, "món ngon")
            await expect(page.locator(".card")).to_have_count(2)

    async def test_what_is_asked_in_the_same_moment_is_lost_in_none(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page, second_tab(page) as other:
            for number in range(1, 7):
                asking = [
                    tab.evaluate(
                        """(text) => {
                        document.querySelector("#question").value = text;
                        document.querySelector("#send").click();
                    }""",
                        f"{text} {number}",
                    )
                    for tab, text in ((page, "chợ nổi"), (other, "món ngon"))
                ]
                await asyncio.gather(*asking)
                for tab in (page, other):
                    await expect(tab.locator(".card")).to_have_count(2 * number)
            await page.reload()
            await expect(page.locator(".card")).to_have_count(12)

    async def test_cleared_in_one_it_is_gone_in_all_also_what_was_under_way(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page, second_tab(page) as other:
            await ask(page, "món ngon")
            site.rasa.may_answer.clear()
            await other.get_by_label(BOX).fill("chợ nổi")
            await other.keyboard.press("Enter")
            await expect(page.locator(".turn")).to_have_count(2)
            await page.get_by_role("button", name="Xóa cuộc trò chuyện trên máy này").click()
            await page.get_by_role("button", name="Đồng ý").click()
            for tab in (page, other):
                await expect(tab.locator(".turn")).to_have_count(0)
            async with other.expect_response("**/api/messages"):
                site.rasa.may_answer.set()
            await ask(other, "căn cước")
            for tab in (page, other):
                await expect(tab.locator(".turn")).to_have_count(1)
            assert "chợ nổi" not in await page.evaluate("JSON.stringify(localStorage)")

    async def test_once_everything_is_deleted_the_page_has_nothing_left_either(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page, second_tab(page) as other:
            await ask(page, "chợ nổi")
            await ask(page, "xóa dữ liệu")
            first = await page.evaluate("JSON.parse(localStorage['hoi-can-tho']).conversation")
            await page.get_by_label(BOX).fill("xóa hết đi")
            await page.keyboard.press("Enter")
            for tab in (page, other):
                await expect(tab.locator(".turn")).to_have_count(1)
                await expect(tab.locator(".card")).to_contain_text("Mình đã xóa mọi dữ liệu về bạn")
            kept = await page.evaluate("JSON.stringify(localStorage)")
            assert "chợ nổi" not in kept
            assert "xóa hết đi" not in kept
            assert first not in kept
            await page.reload()
            await expect(page.locator(".turn")).to_have_count(1)
            await ask(page, "món ngon")


@pytest.mark.browser
class TestRefused:
    """What is refused is said as what it is."""

    @pytest.mark.parametrize(
        ("status", "sentence", "button"),
        [
            (400, "Mình không đọc được", "Sửa câu hỏi"),
            (413, "dài quá", "Sửa câu hỏi"),
            (415, "Mình không đọc được", "Sửa câu hỏi"),
            (422, "Mình không đọc được", "Sửa câu hỏi"),
            (429, "Đang có nhiều câu hỏi quá. Chờ 17 giây", "Thử lại"),
            (500, "Phía mình đang có trục trặc", "Thử lại"),
        ],
    )
    async def test_and_the_question_is_still_there(
        self, browser: Browser, site: Site, status: int, sentence: str, button: str
    ) -> None:
        async with opened(browser, site) as page:
            await page.route(
                "**/api/messages", lambda route: route.fulfill(status=status, headers={"Retry-After": "17"})
            )
            await page.get_by_label(BOX).fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.locator(".trouble")).to_contain_text(sentence)
            await expect(page.locator(".trouble")).not_to_contain_text("mất kết nối")
            await expect(page.locator(".said")).to_contain_text("chợ nổi")
            is_refused = button == "Sửa câu hỏi"
            await expect(page.get_by_label(BOX)).to_have_value("chợ nổi" if is_refused else "")
            await page.unroute("**/api/messages")
            await page.get_by_role("button", name=button).click()
            if is_refused:
                await expect(page.get_by_label(BOX)).to_have_value("chợ nổi")
                await expect(page.locator(".turn")).to_have_count(0)
                await page.keyboard.press("Enter")
            await expect(page.locator(".card .title")).to_have_text("Chợ nổi Cái Răng")
            await expect(page.locator(".turn")).to_have_count(1)

    async def test_a_busy_server_is_asked_again_when_it_says(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            refused = 0

            async def refuse_twice(route: Route) -> None:
                nonlocal refused
                refused += 1
                if refused > 2:
                    await route.continue_()
                else:
                    await route.fulfill(status=503, headers={"Retry-After": "1"})

            await page.route("**/api/messages", refuse_twice)
            await ask(page, "chợ nổi")
            assert refused == 3

    async def test_a_mistake_in_the_page_is_no_lost_connection(self, browser: Browser, site: Site) -> None:
        page = await browser.new_page(base_url=site.url, locale="vi-VN")
        await page.add_init_script("delete window.AbortController")
        await page.goto("/")
        await page.get_by_label(BOX).fill("chợ nổi")
        await page.keyboard.press("Enter")
        await expect(page.locator(".trouble")).to_contain_text("Trang này gặp lỗi")
        await page.close()

    async def test_a_text_that_is_too_long_is_told_before_it_is_sent_and_stays(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            box, length = page.get_by_label(BOX), page.locator("#length")
            await box.fill("a" * 1000)
            await expect(length).to_be_empty()
            await box.fill("ạ" * 1001)
            await expect(length).to_contain_text("dài 1.001 chữ cái; mình chỉ đọc được chừng 1.000")
            await box.fill("chợ nổi " * 8100)
            await expect(length).to_contain_text("quá mức 8.000")
            await page.keyboard.press("Enter")
            await page.get_by_role("button", name="Gửi", exact=True).click()
            await expect(box).to_have_value("chợ nổi " * 8100)
            await expect(page.locator(".turn")).to_have_count(0)
            await box.fill("chợ nổi 𝐛 " * 727)  # the longest that goes, and more than 8,000 in UTF-16
            await page.keyboard.press("Enter")
            await expect(page.locator(".card")).to_be_visible()

    async def test_a_browser_that_does_not_run_it_is_told(self, browser: Browser, site: Site) -> None:
        page = await browser.new_page(base_url=site.url, locale="vi-VN")
        await page.route("**/chat.js*", lambda route: route.fulfill(body="a ?!. b"))
        await page.goto("/")
        await expect(page.get_by_text("trình duyệt này quá cũ")).to_be_visible(timeout=15_000)
        await expect(page.get_by_role("button", name="Gửi", exact=True)).to_be_disabled()
        await page.close()
        async with opened(browser, site) as page:
            await expect(page.get_by_text("trình duyệt này quá cũ")).to_have_count(0)


@pytest.mark.browser
class TestBrokenConnection:
    """The page says what happens to the question, and loses nothing."""

    async def test_offline_in_the_middle_it_goes_out_by_itself_once_there_is_a_connection(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            site.rasa.may_answer.clear()
            await page.get_by_label(BOX).fill("chợ nổi")
            await page.keyboard.press("Enter")
            await site.rasa.was_asked(1)
            await page.context.set_offline(True)
            await page.get_by_label(BOX).fill("món ngon")
            await page.keyboard.press("Enter")
            trouble = page.locator(".turn").nth(1).locator(".trouble")
            await expect(trouble).to_contain_text("Câu hỏi vẫn còn đây")
            site.rasa.may_answer.set()
            await page.context.set_offline(False)
            await expect(page.locator(".card")).to_have_count(2)
            await expect(page.locator(".trouble")).to_have_count(0)
            assert sorted(site.rasa.texts) == ["chợ nổi", "món ngon"]

    async def test_a_reply_that_is_lost_again_and_again_is_said_and_asked_once(
        self, browser: Browser, site: Site
    ) -> None:
        async with opened(browser, site) as page:
            lost = 0

            async def lose_two(route: Route) -> None:
                nonlocal lost
                response = await route.fetch()
                lost += 1
                await (route.abort("connectionreset") if lost <= 2 else route.fulfill(response=response))

            await page.route("**/api/messages", lose_two)
            await page.get_by_label(BOX).fill("chợ nổi")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("status")).to_contain_text("Mình đang gửi lại")
            await expect(page.locator(".card")).to_be_visible()
            assert site.rasa.texts == ["chợ nổi"]

    async def test_a_page_of_the_network_in_between_is_no_answer(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            answered = 0

            async def log_in_first(route: Route) -> None:
                nonlocal answered
                answered += 1
                if answered == 1:
                    await route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>")
                else:
                    await route.continue_()

            await page.route("**/api/messages", log_in_first)
            await ask(page, "chợ nổi")
            assert answered == 2

    async def test_the_server_is_restarted_while_a_question_is_under_way(
        self, browser: Browser, content: Path, tmp_path: Path
    ) -> None:
        async with AsyncExitStack() as stack:
            async with running_site(tmp_path, content=content, reply_within=0.2) as before:
                page = await stack.enter_async_context(opened(browser, before))
                before.rasa.is_away = True
                await page.get_by_label(BOX).fill("chợ nổi")
                await page.keyboard.press("Enter")
                await expect(page.locator(".working")).to_be_visible()
            port = int(before.url.rpartition(":")[2])
            async with running_site(tmp_path, content=content, port=port) as after:
                await expect(page.locator(".card .title")).to_have_text("Chợ nổi Cái Răng", timeout=30_000)
                assert after.rasa.texts == ["chợ nổi"]
                await stack.aclose()

    async def test_a_slow_one_is_told_that_nothing_is_lost(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            await page.clock.install()
            site.rasa.may_answer.clear()
            await page.get_by_label(BOX).fill("chợ nổi")
            await page.keyboard.press("Enter")
            await site.rasa.was_asked(1)
            await page.clock.fast_forward(10_000)
            await expect(page.get_by_role("status")).to_contain_text("bạn không cần gửi lại")
            site.rasa.may_answer.set()
            await expect(page.locator(".card")).to_be_visible()


@pytest.mark.browser
class TestComposing:
    async def test_safaris_enter_that_ends_a_word_sends_nothing(self, browser: Browser, site: Site) -> None:
        async with opened(browser, site) as page:
            box = page.get_by_label(BOX)
            await box.fill("chợ nổi")
            await box.evaluate("""(box) => {
                box.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
                box.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
                const keyCode = 229;
                box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode, bubbles: true }));
            }""")
            await expect(page.locator(".turn")).to_have_count(0)
            await expect(box).to_have_value("chợ nổi")
            await box.press("Enter")
            await expect(page.locator(".card")).to_be_visible()


@pytest.mark.browser
class TestLargeText:
    @pytest.mark.parametrize("path", ["/", "/?lang=en"])
    async def test_twice_as_large_on_the_narrowest_phone_nothing_is_cut(
        self, browser: Browser, site: Site, path: str
    ) -> None:
        async with opened(browser, site, (320, 640), path=path) as page:
            large = "document.documentElement.style.fontSize = '200%'"
            await page.evaluate(large)
            await fits(page)
            box = page.get_by_role("textbox")
            for text in ("chợ nổi", "căn cước", "nhà", "mưa", "xóa dữ liệu", "gặp cán bộ", "x" * 300):
                turns = await page.locator(".turn").count()
                await box.fill(text)
                await page.keyboard.press("Enter")
                await expect(page.locator(".turn").nth(turns).locator(".card")).to_be_visible()
            for summary in await page.locator("summary").all():
                await summary.click()
            await box.fill("a" * 1001)
            await fits(page)
            await box.fill("")
            await page.locator("#clear").click()
            await fits(page)
            await page.locator("#clear-no").click()
            await page.locator(".card").nth(1).evaluate("(card) => card.scrollIntoView()")
            covered = await page.evaluate("""[".bar", ".composer"].map((name) => {
                const { top, bottom } = document.querySelector(name).getBoundingClientRect();
                return Math.max(0, Math.min(bottom, innerHeight) - Math.max(top, 0));
            }).reduce((a, b) => a + b)""")
            assert covered <= 640 / 2, "there is room to read between bar and box"


async def fits(page: Page) -> None:
    """Nothing scrolls sideways, nothing sticks out, and no text is cut off in its box."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    cut = await page.evaluate("""[...document.body.querySelectorAll("*")].filter((element) => {
        if (element.closest(".unseen, .skip, svg, textarea")) return false;
        const { left, right } = element.getBoundingClientRect();
        const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
        return left < -1 || right > 321 || (isCut && getComputedStyle(element).display !== "inline");
    }).map((element) => element.outerHTML.slice(0, 150))""")
    assert cut == []
