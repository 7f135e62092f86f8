"""Officials at the editors' pages, which run for real, in a browser."""

from __future__ import annotations

import pyotp
from playwright.async_api import Browser, Page, expect

from tests.support.chromium import PHONE, without_violations
from tests.support.editors import PASSWORD
from tests.support.editors_process import EditorsProcess


class Official:
    """Somebody at the pages. Each page they come to is looked over by axe."""

    def __init__(self, page: Page, editors: EditorsProcess) -> None:
        self.page = page
        self._url = editors.url

    async def begins(self, link: str) -> None:
        """Accept an invitation with a new password, and a phone that makes codes."""
        await self.page.goto(link)
        await without_violations(self.page)
        secret = await self.page.locator("[name=secret]").input_value()
        await self.page.locator("[name=code]").fill(pyotp.TOTP(secret).now())
        for name in ("password", "again"):
            await self.page.locator(f"[name={name}]").fill(PASSWORD)
        await self.page.locator("main button").click()
        await self.page.wait_for_url(f"{self._url}/")
        await without_violations(self.page)

    async def opens(self, path: str) -> None:
        """Go to a page by its address."""
        await self.page.goto(f"{self._url}{path}")
        await without_violations(self.page)

    async def presses(self, name: str, *, last: bool = False) -> None:
        """Press a button or a link that leads to another page."""
        found = self.page.locator("main").get_by_role("button", name=name, exact=True)
        found = found.or_(self.page.locator("main").get_by_role("link", name=name, exact=True))
        async with self.page.expect_navigation():
            await (found.last if last else found.first).click()
        await without_violations(self.page)

    async def fills(self, field: str, text: str) -> None:
        """Type into a field of the answer."""
        await self.page.locator(f"form.edit [name='{field}']").fill(text)

    async def sees(self, text: str) -> None:
        """A text stands on the page."""
        await expect(self.page.locator("main")).to_contain_text(text, timeout=60_000)


async def official(browser: Browser, editors: EditorsProcess, size: tuple[int, int]) -> Official:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE, locale="vi-VN"
    )
    page = await context.new_page()
    page.set_default_timeout(60_000)
    return Official(page, editors)


async def invited(editors: EditorsProcess, name: str, full_name: str, *roles: str) -> str:
    """The link of a new account."""
    options = [option for role in roles for option in ("--role", role)]
    return (await editors.command("invite", name, "--full-name", full_name, *options)).split()[0]
