"""The page of an answer in a real browser: what is typed is not lost, and nobody's text is overwritten."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from bot.desk import drafting
from bot.desk.accounts import Account
from bot.http_server import SecurityHeaders
from stand_ins.serving import serving
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.editors import PASSWORD, Pages, draft_of

pytestmark = pytest.mark.browser

ID = "city.parking"
TITLE = "form.edit [name='vi.title']"
ANSWER = "form.edit [name='vi.answer']"
STATE = "#typed-state"
SAVE = ".actions button[value='']"
KEPT = "Đã giữ nội dung đang gõ"

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<style>p{color:red}</style></head><body>
<!--StartFragment--><p class=MsoNormal><b style='mso-bidi-font-weight:normal'>Giờ mở cửa<o:p></o:p></b></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·
<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;</span></span><![endif]>Sáng 7 giờ</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>·</span>Chiều 13 giờ</p>
<p class=MsoNormal><span style='color:red;font-size:30pt'>Xem <a href="https://cantho.gov.vn/a">trang này</a>
và <a href="javascript:alert(1)">đây</a></span><script>alert(1)</script></p>
<!--EndFragment--></body></html>"""


@dataclass
class Served:
    """The pages under an address, and browsers in which somebody is logged in."""

    pages: Pages
    url: str
    browser: Browser

    @asynccontextmanager
    async def logged_in(
        self, name: str, size: tuple[int, int] = DESKTOP, **rights: object
    ) -> AsyncIterator[Page]:
        """A tab of a browser in which `name` is logged in."""
        async with self.pages.browser() as client:
            await self.pages.entered(client, name, **rights)
            token = client.cookies["editor"]
        context = await self.browser.new_context(viewport={"width": size[0], "height": size[1]})
        await context.add_cookies([{"name": "editor", "value": token, "url": self.url}])
        yield await self.tab(context)
        await context.close()

    async def tab(self, context: BrowserContext) -> Page:
        page = await context.new_page()
        page.set_default_timeout(20_000)
        return page

    async def opens(self, page: Page, end: str = "") -> None:
        await page.goto(f"{self.url}/answers/{ID}{end}")

    async def saves(self, page: Page) -> None:
        """Press the button, and wait for the page that comes."""
        async with page.expect_navigation():
            await page.click(SAVE)

    async def draft(self) -> str | None:
        """The answer's text in the draft; None if there is none."""
        reader = Account(id=0, name="reader", full_name="", may_approve=True)
        opened = await drafting.open_(self.pages.desk, reader, ID)
        side = opened.value["vi"]
        assert isinstance(side, dict)
        return str(side["answer"]) if opened.draft else None


@pytest.fixture
async def served(pages: Pages, browser: Browser) -> AsyncIterator[Served]:
    async with serving(SecurityHeaders(pages.app)) as url:  # type: ignore[arg-type]
        yield Served(pages, url, browser)


class TestNothingIsLost:
    async def test_what_is_typed_survives_a_killed_browser_and_can_be_thrown_away(
        self, served: Served
    ) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.fill(ANSWER, "Có bốn bãi giữ xe.")
            await expect(page.locator(STATE)).to_contain_text(KEPT)
            other = await served.tab(page.context)
            await page.close(run_before_unload=False)
            await served.opens(other)
            await expect(other.locator(ANSWER)).to_have_value("Có bốn bãi giữ xe.")
            banner = other.locator(".note[role=status]", has_text="Khác ở:")
            await expect(banner).to_contain_text("Câu trả lời (Tiếng Việt)")
            assert await served.draft() is None, "it is kept, not saved"
            await banner.get_by_role("button").click()
            await expect(other.locator(ANSWER)).to_have_value(re.compile("Có ba bãi"))

    async def test_what_is_restored_and_saved_is_not_offered_again(self, served: Served) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.fill(ANSWER, "Có bốn bãi giữ xe.")
            await expect(page.locator(STATE)).to_contain_text(KEPT)
            await served.opens(page)
            await served.saves(page)
            await expect(page.locator(".done")).to_be_visible()
            await page.fill(ANSWER, "Có năm bãi giữ xe.")
            await served.saves(page)
            await expect(page.locator("text=chưa lưu. Khác ở")).to_have_count(0)
            assert await served.draft() == "Có năm bãi giữ xe."

    async def test_a_session_that_ends_asks_for_the_login_in_place_and_saves_again(
        self, served: Served
    ) -> None:
        token = await served.pages.invite("hoa")
        async with served.pages.browser() as client:
            secret = await served.pages.begin(client, token)
            session = client.cookies["editor"]
        context = await served.browser.new_context()
        await context.add_cookies([{"name": "editor", "value": session, "url": served.url}])
        page = await served.tab(context)
        await served.opens(page)
        served.pages.clock.advance(hours=3)
        await page.fill(ANSWER, "Có bốn bãi giữ xe.")
        await page.click(SAVE)
        box = page.locator("dialog")
        await expect(box).to_be_visible()
        await without_violations(page)
        await page.fill("#again-password", "sai")
        await page.fill("#again-code", "000000")
        await box.get_by_role("button").click()
        await expect(box.get_by_role("alert")).to_be_visible()
        served.pages.clock.advance(minutes=10)
        await page.fill("#again-password", PASSWORD)
        await page.fill("#again-code", served.pages.code(secret))
        await box.get_by_role("button").click()
        await expect(page.locator(".done")).to_contain_text("Đã lưu bản nháp")
        assert await served.draft() == "Có bốn bãi giữ xe."
        await context.close()

    async def test_without_a_network_the_browser_keeps_the_text_and_brings_it_back(
        self, served: Served
    ) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.context.set_offline(True)
            await page.fill(ANSWER, "Viết lúc mất mạng.")
            await expect(page.locator(STATE)).to_contain_text("được giữ trong máy này")
            await page.click(SAVE)
            await expect(page.locator(STATE)).to_contain_text("bấm lại khi có mạng")
            other = await served.tab(page.context)
            await page.close(run_before_unload=False)
            await page.context.set_offline(False)
            await served.opens(other)
            await expect(other.locator(ANSWER)).to_have_value("Viết lúc mất mạng.")
            await expect(other.locator("#restored-here")).to_contain_text("Câu trả lời")
            await expect(other.locator(STATE)).to_contain_text(KEPT)
            await other.click(SAVE)
            await expect(other.locator(".done")).to_be_visible()
            assert await served.draft() == "Viết lúc mất mạng."

    async def test_what_was_typed_offline_overwrites_nothing_that_was_saved_meanwhile(
        self, served: Served
    ) -> None:
        async with served.logged_in("lan") as page, served.pages.browser() as client:
            await served.pages.entered(client, "minh")
            await served.opens(page)
            await page.context.set_offline(True)
            await page.fill(TITLE, "Tựa của Lan")
            await expect(page.locator(STATE)).to_contain_text("được giữ trong máy này")
            await draft_of(client, ID, **{"vi.answer": "Câu của Minh."})
            other = await served.tab(page.context)
            await page.close(run_before_unload=False)
            await page.context.set_offline(False)
            await served.opens(other)
            await other.click(SAVE)
            await expect(other.locator("h1")).to_contain_text("Có người đã lưu trước bạn")
            await other.get_by_role("button", name="Lưu bản chung").click()
            await expect(other.locator(TITLE)).to_have_value("Tựa của Lan")
            assert await served.draft() == "Câu của Minh."

    async def test_the_text_of_one_editor_is_not_shown_to_the_next_on_the_machine(
        self, served: Served
    ) -> None:
        async with served.logged_in("lan") as page, served.pages.browser() as client:
            await served.pages.entered(client, "minh")
            await served.opens(page)
            await page.context.set_offline(True)
            await page.fill(ANSWER, "Của Lan.")
            await expect(page.locator(STATE)).to_contain_text("được giữ trong máy này")
            await page.context.set_offline(False)
            other = await served.tab(page.context)
            await page.close(run_before_unload=False)
            token = client.cookies["editor"]
            await other.context.add_cookies([{"name": "editor", "value": token, "url": served.url}])
            await served.opens(other)
            await expect(other.locator(ANSWER)).to_have_value(re.compile("Có ba bãi"))


class TestNothingIsOverwritten:
    async def test_two_tabs_of_one_editor_are_merged_field_by_field(self, served: Served) -> None:
        async with served.logged_in("lan") as first:
            await served.opens(first)
            second = await served.tab(first.context)
            await served.opens(second)
            await first.fill(TITLE, "Tựa mới")
            await second.fill(ANSWER, "Câu mới.")
            await served.saves(first)
            await served.saves(second)
            await expect(second.locator("h1")).to_contain_text("Có người đã lưu trước bạn")
            await without_violations(second)
            await second.get_by_role("button", name="Lưu bản chung").click()
            await expect(second.locator(TITLE)).to_have_value("Tựa mới")
            await expect(second.locator(ANSWER)).to_have_value("Câu mới.")
            await expect(second.locator("text=Khác ở")).to_have_count(1)  # hidden: nothing is left over

    async def test_a_button_that_is_pressed_twice_saves_once(self, served: Served) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.fill(ANSWER, "Câu mới.")
            async with page.expect_navigation():
                await page.dblclick(SAVE)
            await expect(page.locator(".done")).to_be_visible()

    async def test_who_else_has_the_page_open_is_told(self, served: Served) -> None:
        async with served.logged_in("lan") as lan, served.logged_in("minh") as minh:
            await served.opens(lan)
            await expect(lan.locator(STATE)).to_be_attached()
            await served.opens(minh)
            await expect(minh.locator("#others")).to_contain_text("Chị Lan đang mở trang này")
            await lan.goto(f"{served.url}/")
            await served.opens(minh)
            await expect(minh.locator(STATE)).to_be_attached()
            await expect(minh.locator("#others")).to_be_hidden()


class TestTyping:
    async def test_vietnamese_typed_by_composition_is_not_disturbed(self, served: Served) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.fill(ANSWER, "")
            await page.focus(ANSWER)
            session = await page.context.new_cdp_session(page)
            for syllable in (
                ["t", "ti", "tie", "tiê", "tiêng", "tiếng"],
                ["V", "Vi", "Vie", "Viê", "Việ", "Việt"],
            ):
                for text in syllable:
                    caret = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
                    await session.send("Input.imeSetComposition", caret)
                # A pause in the middle of a syllable: it is kept and grows, and the syllable goes on.
                await expect(page.locator(STATE)).to_contain_text(KEPT)
                await page.evaluate("document.getElementById('typed-state').textContent = ''")
                await session.send("Input.insertText", {"text": f"{syllable[-1]} "})
            await expect(page.locator(ANSWER)).to_have_value("tiếng Việt ")

    async def test_from_word_bold_lists_and_links_come_through_and_nothing_else(self, served: Served) -> None:
        async with served.logged_in("lan") as page:
            await served.opens(page)
            await page.fill(ANSWER, "")
            await page.focus(ANSWER)
            await page.evaluate(
                """html => {
                    const data = new DataTransfer();
                    data.setData("text/html", html);
                    data.setData("text/plain", "plain");
                    const about = { clipboardData: data, bubbles: true, cancelable: true };
                    document.activeElement.dispatchEvent(new ClipboardEvent("paste", about));
                }""",
                WORD,
            )
            assert await page.input_value(ANSWER) == (
                "**Giờ mở cửa**\n\n- Sáng 7 giờ\n- Chiều 13 giờ\n\n"
                "Xem [trang này](https://cantho.gov.vn/a) và đây"
            )
            await page.keyboard.press("Control+z")
            assert "Giờ mở cửa" not in await page.input_value(ANSWER)


class TestWithoutJavaScript:
    async def test_an_answer_is_written_previewed_submitted_approved_and_published(
        self, served: Served
    ) -> None:
        contexts = []
        for name, rights in (("lan", {}), ("minh", {"may_approve": True})):
            async with served.pages.browser() as client:
                await served.pages.entered(client, name, **rights)
                token = client.cookies["editor"]
            context = await served.browser.new_context(java_script_enabled=False)
            await context.add_cookies([{"name": "editor", "value": token, "url": served.url}])
            contexts.append(context)
        lan, minh = [await served.tab(context) for context in contexts]
        await served.opens(lan)
        await lan.fill(ANSWER, "Có bốn bãi giữ xe ở bến Ninh Kiều.")
        await lan.click(SAVE)
        assert await served.draft() == "Có bốn bãi giữ xe ở bến Ninh Kiều."
        await served.opens(minh)
        await minh.fill("#remark-text", "Ghi giá vé.")
        await minh.click("#remarks form:last-of-type button")
        await served.opens(lan)
        await lan.fill(TITLE, "Giữ xe ở đâu")
        await lan.click("#find-button")
        await expect(lan.locator("h1")).to_have_text("Người dân có tìm thấy không?")
        await lan.click("text=Viết")
        await lan.click("#remarks .card button")
        await expect(lan.locator("#remarks .card")).to_have_count(0)
        await lan.click(".actions button[value=submit]")
        await expect(lan.locator(".done")).to_contain_text("Đã gửi duyệt")
        await served.opens(minh, "/publish")
        await minh.get_by_role("button", name="Duyệt", exact=True).click()
        await minh.get_by_role("button", name="Đăng ngay bây giờ").click()
        await expect(minh.locator("h1")).to_have_text("Đã đăng")
        file = served.pages.desk.directory / "city" / "parking.yml"
        assert "title: Giữ xe ở đâu" in file.read_text("utf-8")
        for context in contexts:
            await context.close()


async def test_an_answer_is_compared_with_what_is_live_and_withdrawn_with_a_reason(served: Served) -> None:
    async with served.logged_in("lan", PHONE) as page:
        await served.opens(page)
        await page.fill(ANSWER, "Có bốn bãi gửi xe ở bến Ninh Kiều.")
        await served.saves(page)
        await page.locator("main").get_by_role("link", name="So sánh", exact=True).click()
        await expect(page.locator("ins")).to_contain_text("bốn")
        await expect(page.locator("del")).to_contain_text("ba")
        await served.opens(page, "/withdraw")
        await page.locator("[name=meaning][value=reason]").check()
        await page.locator("[name=reason_vi]").fill("Đang xem lại.")
        await page.locator("[name=sure]").check()
        await page.get_by_role("button", name="Rút câu trả lời").click()
        await expect(page.get_by_role("alert")).to_contain_text("Lý do")
        await expect(page.locator("[name=reason_vi]")).to_have_value("Đang xem lại.")
        await page.locator("[name=reason_en]").fill("It is looked at again.")
        await page.locator("[name=sure]").check()
        await page.get_by_role("button", name="Rút câu trả lời").click()
        await expect(page.locator("h1")).to_have_text("Đã rút")
        await served.opens(page, "/history")
        await expect(page.locator("main")).to_contain_text("Rút")
    assert "status: withdrawn" in (served.pages.desk.directory / "city" / "parking.yml").read_text("utf-8")


async def test_on_a_phone_every_page_is_in_the_menu_and_the_menu_out_of_the_way(served: Served) -> None:
    async with served.logged_in("lan", PHONE, may_approve=True, may_administer=True) as page:
        await page.goto(f"{served.url}/")
        entries = page.locator("#menu a:not(.closes)")
        await expect(entries.first).to_be_hidden()
        await page.get_by_role("link", name="Menu", exact=True).click()
        for entry in await entries.all():
            await expect(entry).to_be_in_viewport(ratio=1)
        await without_violations(page)
        await page.get_by_role("link", name="Đóng menu").click()
        await expect(entries.first).to_be_hidden()
        await page.get_by_role("link", name="Menu", exact=True).click()
        await page.get_by_role("link", name="Khẩn cấp", exact=True).first.click()
        await expect(entries.first).to_be_hidden()
        assert page.url == f"{served.url}/emergency"


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_every_page_of_an_answer_is_without_findings_and_fits_its_window(
    served: Served, size: tuple[int, int], language: str
) -> None:
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    async with served.logged_in("lan", size, may_approve=True) as page, served.pages.browser() as client:
        page.on("console", complain)
        await served.pages.entered(client, "hoa")
        await draft_of(client, ID, **{"vi.title": "Tựa mới", "vi.facets.price": "5.000 đồng"})
        await client.post(f"/answers/{ID}/remarks", data={"field": "vi.title", "text": "Ngắn hơn?"})
        await client.post(f"/answers/{ID}/submit", data={"base_draft": "1"})
        await page.context.request.post(
            f"{served.url}/language", form={"language": language, "then": "/"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )  # fmt: skip
        ends = ["", "/preview", "/compare", "/findability", "/history", "/publish", "/withdraw", "/progress"]
        for address in ["/", "/answers", "/answers/new", *(f"/answers/{ID}{end}" for end in ends)]:
            await page.goto(f"{served.url}{address}")
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                await without_violations(page)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], address
    assert not complaints
