"""The public pages as people see them: on a phone and at a desk, with and without JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support import ROOT
from tests.support.chromium import DESKTOP, PHONE, without_violations
from tests.support.site import Site, running_site

PAGES = [
    "/vi", "/en/clarification", "/vi/clarification/further-merger", "/en/culture/cai-rang-floating-market",
    "/en/wards", "/vi/phuong-xa/cai-khe-31120", "/vi/search", "/en/nothing",
]  # fmt: skip

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The city's own content, at an address of its own."""
    store = tmp_path_factory.mktemp("store")
    async with running_site(store, content=ROOT / "content", public_url="https://hoi.example") as running:
        yield running


@asynccontextmanager
async def opened(
    browser: Browser, site: Site, *, size: tuple[int, int] = PHONE, script: bool = True, is_dark: bool = False
) -> AsyncIterator[Page]:
    """A browser's page, which must not complain of anything."""
    complaints: list[str] = []
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, base_url=site.url, java_script_enabled=script,
        color_scheme="dark" if is_dark else "light", reduced_motion="reduce", locale="vi-VN",
    )  # fmt: skip
    page = await context.new_page()
    page.on("console", lambda one: complaints.append(one.text) if one.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert [one for one in complaints if "404" not in one] == []


@pytest.mark.parametrize(("size", "is_dark"), [(PHONE, False), (PHONE, True), (DESKTOP, False)])
async def test_every_kind_of_page_fits_and_is_for_everybody(
    browser: Browser, site: Site, size: tuple[int, int], is_dark: bool
) -> None:
    async with opened(browser, site, size=size, is_dark=is_dark) as page:
        for path in PAGES[:3] if is_dark else PAGES:  # the dark colours are the same everywhere
            await page.goto(path)
            await without_violations(page)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], path


async def test_without_a_script_one_finds_reads_and_searches(browser: Browser, site: Site) -> None:
    async with opened(browser, site, script=False) as page:
        await page.goto("/")
        await page.get_by_role("link", name="Các câu trả lời").click()
        await page.get_by_role("link", name="Kiểm chứng tin đồn (", exact=False).first.click()
        await page.get_by_role("link", name="Xăng E10 có làm hư xe không?").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Xăng E10 có làm hư xe không?")
        await expect(page.locator(".verdict").first).to_have_text("Dễ gây hiểu lầm")
        await expect(page.locator(".sources li")).to_have_count(3)
        await page.get_by_role("link", name="English").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Does E10 petrol damage vehicles?")
        await page.goto("/vi/search")
        await page.get_by_label("Tìm trong các câu trả lời").fill("cho noi")
        await page.keyboard.press("Enter")
        await expect(page.locator("#found ~ .pages a").first).to_have_text("Chợ nổi Cái Răng")
        assert page.url == f"{site.url}/vi/search"
        await page.locator("#found ~ .pages a").first.click()
        assert await page.evaluate("document.referrer") == ""


async def test_a_picture_is_opened_whole_by_a_touch(browser: Browser, site: Site) -> None:
    async with opened(browser, site, script=False) as page:
        await page.goto("/vi/culture/cai-rang-floating-market")
        picture = await page.locator(".picture a").get_attribute("href")
        assert picture == "/media/cai-rang-floating-market.vi.png"
        assert (await page.request.get(picture)).headers["content-type"] == "image/png"


async def test_a_page_asks_the_chat_about_itself_once(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto("/vi/clarification/further-merger")
        await page.get_by_role("link", name="Hỏi thêm về mục này").click()
        card = page.locator(".card")
        await expect(card.get_by_role("heading")).to_have_text("Sắp sáp nhập tiếp còn 16 tỉnh, thành?")
        assert page.url == f"{site.url}/?lang=vi"
        await page.reload()
        await expect(card).to_have_count(1)


async def test_a_link_can_make_the_chat_say_nothing_else(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        for fragment in ("say:forget", "yes:forget", "news:city", "answer:<b>", "top"):
            await page.goto("about:blank")
            await page.goto(f"/?lang=vi#{fragment}")
            await expect(page.get_by_label("Câu hỏi của bạn")).to_be_visible()
            await expect(page.locator(".turn")).to_have_count(0)


async def test_it_is_reached_by_keyboard(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto("/vi/clarification/e10-petrol")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Tới nội dung")).to_be_focused()


async def test_on_paper_it_is_the_answer_with_where_it_is_from(browser: Browser, site: Site) -> None:
    async with opened(browser, site) as page:
        await page.goto("/vi/clarification/e10-petrol")
        await page.emulate_media(media="print")
        for seen in (".claim", ".text", ".sources", ".address"):
            await expect(page.locator(seen).first).to_be_visible()
        for left_out in (".bar", ".actions", ".foot"):
            await expect(page.locator(left_out).first).to_be_hidden()
        after = "getComputedStyle(document.querySelector('.sources a'), '::after').content"
        assert "thanhnien.vn" in await page.evaluate(after)
