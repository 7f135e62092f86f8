"""A headless Chromium, and what is asked of every page in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.needs import missing

PHONE = (360, 740)
DESKTOP = (1280, 800)
WITHOUT = [
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose",
]  # fmt: skip
"""What Chromium leaves away: with each window two pages that nobody sees, for the address bar, which took a
fifth of its time; and what Playwright switches off, since of two such switches the last one counts."""

SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", f"--disable-features={','.join(WITHOUT)}",
]  # fmt: skip

AXE = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
"""Of what is right it need not tell each place: working those out takes it as long as looking."""

expect.set_options(timeout=20_000)
"""Milliseconds in which what is expected of a page must be so; a crowded machine needs some of them."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """It runs while the context is open; a test is skipped where there is none, and fails in CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("The tests of the page need Chromium: apt-get install chromium fonts-noto-core")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        await browser.close()


async def without_violations(page: Page) -> None:
    """Fail with axe's report if it finds anything.

    What stays at the foot of the window is let go of first: axe takes what can be scrolled from under it for
    something that cannot be pressed.
    """
    await page.evaluate(
        "for (const bar of document.querySelectorAll('.actions')) bar.style.position = 'static'"
    )
    results = await Axe().run(page, options=AXE)
    await page.evaluate("for (const bar of document.querySelectorAll('.actions')) bar.style.position = ''")
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
