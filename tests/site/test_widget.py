"""The chat in the city's portal: a page of another origin, in a browser, with and without script."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, FrameLocator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from stand_ins.serving import serving
from tests.support import ROOT
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.hostile_pictures import saved, written
from tests.support.site import Site, running_site

pytestmark = pytest.mark.browser

PORTAL = Path(__file__).with_name("portal.html").read_text(encoding="utf-8")
BARE = '<iframe src="{bot}/embed?lang=vi" title="Hỏi Cần Thơ" width="360" height="600"></iframe>'
POLICY = "default-src 'self'; img-src data:; script-src {bot}; frame-src {bot}"
"""A portal that is careful: no style or script of the widget may need more than these two entries."""

SAY = """(words) => new Promise((heard) => {
    addEventListener("message", heard);
    postMessage(words, "*");
})"""
"""Sends words to the window itself, and waits until everybody in it has heard them."""

LINK = "a[data-ask-can-tho], a[hreflang]"


@dataclass
class Portal:
    """The bot, a portal that may frame it, and another site that may not."""

    site: Site
    url: str
    stranger: str


@pytest.fixture(scope="module")
async def portal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    content = tmp_path_factory.mktemp("content")
    shutil.copytree(ROOT / "tests/channels/web/content", content, dirs_exist_ok=True)
    shutil.copy(ROOT / "content/messages.yml", content)
    bot = ""

    async def page(request: Request) -> Response:
        bare = BARE.format(bot=bot) if request.url.path == "/bare" else ""
        headers = {"Content-Security-Policy": POLICY.format(bot=bot)}
        return HTMLResponse(PORTAL.format(bot=bot, bare=bare), headers=headers)

    async with AsyncExitStack() as stack:
        app = Starlette(routes=[Route("/", page), Route("/bare", page)])
        url = await stack.enter_async_context(serving(app))
        stranger = await stack.enter_async_context(serving(app))
        directory = tmp_path_factory.mktemp("store")
        site = await stack.enter_async_context(running_site(directory, content=content, origins=[url]))
        bot = site.url
        yield Portal(site, url, stranger)


@asynccontextmanager
async def opened(
    browser: Browser, address: str, size: tuple[int, int] = DESKTOP, **more: Any
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", locale="vi-VN", **more
    )
    page = await context.new_page()
    await page.goto(address)
    yield context, page
    await context.close()


async def focused(page: Page) -> str:
    found: str = await page.evaluate("document.activeElement.tagName")
    return found


async def ask(frame: FrameLocator, text: str) -> None:
    await expect(frame.locator("#send")).to_be_enabled()  # from here on the chat's script has the keys
    question = frame.get_by_label("Câu hỏi của bạn")
    await question.fill(text)
    await question.press("Enter")
    await expect(frame.locator(".card").last).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_the_link_opens_the_chat_and_escape_leads_back(
    browser: Browser, portal: Portal, size: tuple[int, int]
) -> None:
    async with opened(browser, portal.url, size) as (context, page):
        link, panel = page.locator(LINK), page.get_by_role("dialog", name="Hỏi Cần Thơ")
        assert await page.locator("iframe").count() == 0  # nothing of the chat is loaded before it is wanted
        await link.focus()
        await page.keyboard.press("Enter")
        await expect(link).to_have_attribute("aria-expanded", "true")
        frame = page.frame_locator("iframe[title='Hỏi Cần Thơ']")
        await expect(frame.get_by_label("Câu hỏi của bạn")).to_be_focused()
        sandbox = await page.locator("iframe").get_attribute("sandbox")
        assert (
            sandbox
            == "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox"
        )

        await ask(frame, "chợ nổi mấy giờ đông?")
        await expect(frame.locator(".card").get_by_role("heading")).to_have_text("Chợ nổi Cái Răng")
        await without_violations(page)
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide

        await page.keyboard.press("Escape")
        await expect(panel).to_have_count(0)
        await expect(link).to_be_focused()
        await expect(link).to_have_attribute("aria-expanded", "false")
        assert await context.cookies() == []


@pytest.mark.usefixtures("tesseract")
async def test_a_picture_is_chosen_and_read_in_it(browser: Browser, portal: Portal) -> None:
    async with opened(browser, portal.url, PHONE) as (_, page):
        await page.locator(LINK).click()
        frame = page.frame_locator("iframe")
        async with page.expect_file_chooser() as choosing:
            await frame.get_by_role("button", name="Gửi hình chụp để kiểm tra").click()
        picture = saved(written("Chợ nổi đóng cửa luôn"), "PNG")
        chooser = await choosing.value
        await chooser.set_files({"name": "a.png", "mimeType": "image/png", "buffer": picture})
        await expect(frame.locator(".card").last).to_contain_text("Chợ nổi đóng cửa luôn")
        await without_violations(page)


async def test_it_keeps_nothing_in_the_browser(browser: Browser, portal: Portal) -> None:
    async with opened(browser, portal.url) as (_, page):
        await page.locator(LINK).click()
        frame = page.frame_locator("iframe")
        await ask(frame, "món ngon")
        [inner] = [one for one in page.frames if one != page.main_frame]
        assert await inner.evaluate("localStorage.length + sessionStorage.length") == 0
        assert await inner.evaluate("document.cookie") == ""


async def test_the_button_over_the_frame_closes_it_and_the_portal_is_used_meanwhile(
    browser: Browser, portal: Portal
) -> None:
    async with opened(browser, portal.url) as (_, page):
        await page.locator(LINK).click()
        await expect(page.frame_locator("iframe").get_by_label("Câu hỏi của bạn")).to_be_focused()
        await page.locator("#own").click()
        assert await focused(page) == "BUTTON"
        await page.get_by_role("button", name="Đóng").click()
        await expect(page.locator("iframe")).to_have_count(0)


async def test_escape_closes_a_question_in_the_frame_first(browser: Browser, portal: Portal) -> None:
    async with opened(browser, portal.url) as (_, page):
        await page.locator(LINK).click()
        frame = page.frame_locator("iframe")
        await ask(frame, "món ngon")
        await frame.locator("#clear").click()
        await page.keyboard.press("Escape")
        await expect(frame.locator("#clear-ask")).to_be_hidden()
        await expect(page.locator("iframe")).to_have_count(1)


async def test_what_another_site_says_to_the_portal_closes_nothing(browser: Browser, portal: Portal) -> None:
    async with opened(browser, portal.url) as (_, page):
        await page.locator(LINK).click()
        await expect(page.frame_locator("iframe").get_by_label("Câu hỏi của bạn")).to_be_focused()
        await page.evaluate(SAY, "ask-can-tho:close")
        await expect(page.locator("iframe")).to_have_count(1)


async def test_the_chat_answers_nobody_whom_it_does_not_know(browser: Browser, portal: Portal) -> None:
    async with opened(browser, f"{portal.site.url}/embed") as (_, page):
        await page.evaluate(SAY, "ask-can-tho:open")
        assert await page.evaluate("document.onkeydown") is None
        await without_violations(page)


async def test_without_script_the_link_leads_to_the_page(browser: Browser, portal: Portal) -> None:
    async with opened(browser, portal.url, java_script_enabled=False) as (_, page):
        await page.locator(LINK).click()
        await expect(page).to_have_url(f"{portal.site.url}/?lang=vi")
        await expect(page.locator("h1")).to_be_visible()


async def test_where_the_frame_is_refused_the_portal_stays_usable_and_the_link_a_link(
    browser: Browser, portal: Portal
) -> None:
    async with opened(browser, "about:blank") as (_, page):
        await page.clock.install()
        await page.goto(portal.stranger)
        link = page.locator(LINK)
        await link.click()
        await expect(page.locator("iframe")).to_have_count(1)
        await page.locator("#own").click(timeout=5000)
        await page.clock.fast_forward(16_000)
        await expect(page.locator("iframe")).to_have_count(0)
        await link.click()
        await expect(page).to_have_url(f"{portal.site.url}/?lang=vi")


async def test_a_bare_frame_needs_no_loader(browser: Browser, portal: Portal) -> None:
    async with opened(browser, f"{portal.url}/bare", PHONE) as (_, page):
        frame = page.frame_locator("iframe[title='Hỏi Cần Thơ']")
        await ask(frame, "món ngon")


async def test_a_clarification_is_forwarded_as_a_picture(browser: Browser, portal: Portal) -> None:
    for size in (PHONE, DESKTOP):
        async with opened(browser, f"{portal.site.url}/", size) as (_, page):
            await page.evaluate("navigator.share = undefined")
            await page.get_by_label("Câu hỏi của bạn").fill("căn cước")
            await page.keyboard.press("Enter")
            await page.get_by_role("button", name="Chia sẻ").click()
            picture = page.locator(".card .picture")
            await expect(picture.locator("img")).to_be_visible()
            await expect(picture.locator("img")).to_have_js_property("naturalWidth", 1200)
            await expect(picture.locator("img")).to_have_attribute(
                "alt", "Hình để chia sẻ: Không đúng: Làm lại căn cước sau sáp nhập"
            )
            await without_violations(page)
            async with page.expect_download() as download:
                await picture.get_by_role("link", name="Tải hình về").click()
            assert (await download.value).suggested_filename == "id-card.png"
