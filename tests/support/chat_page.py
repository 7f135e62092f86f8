"""The chat page in a browser that has nothing newer than the least one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.support.chromium import DESKTOP
from tests.support.least_browser.uses import without_what_is_newer
from tests.support.site import Site

LEAST_BROWSER = without_what_is_newer()


@asynccontextmanager
async def opened(
    browser: Browser, site: Site, size: tuple[int, int] = DESKTOP, scheme: str = "light", path: str = "/"
) -> AsyncIterator[Page]:
    """The page in a browser of its own that has nothing newer than the least one.

    Anything its console complains of is a failure.
    """
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A request that is refused or cut off is told by the page itself, and by Chromium besides.
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
    try:
        await page.goto(path)
        yield page
    finally:
        await context.close()
    assert not complaints


async def ask(page: Page, text: str) -> None:
    """Type a question, send it with the Enter key, and wait for its card."""
    turns = await page.locator(".turn").count()
    await page.get_by_label("Câu hỏi của bạn").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".turn").nth(turns).locator(".card")).to_be_visible()
