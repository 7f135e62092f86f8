"""The page uses nothing that iOS 14 and Android WebView 80 lack, but what they can leave out.

The tests of the page run in a Chromium from which every newer interface is taken; here the sources
are read for what that does not show: syntax, styles, elements, and what no test has run.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.channels.web.page import STATIC
from bot.channels.web.schema import CardBody, SourceBody
from tests.support import ROOT
from tests.support.least_browser.uses import TABLE, newer_in_page, newer_in_script, newer_in_style
from tests.support.site import Site

OURS = CardBody.model_fields.keys() | SourceBody.model_fields.keys()
"""Names in our own replies, some of which newer interfaces have, too."""

INSTEAD = {"share": "the link is copied"}
"""What the script uses where there is one, and what people have instead."""

LEFT_OUT = {
    ":focus-visible": "the focus is shown always, also after a click",
    "the unit dvh": "vh stands before it",
    "scroll-behavior": "the page jumps instead of gliding",
    "text-wrap": "lines are less even",
    "field-sizing": "the box scrolls instead of growing",
    "resize": "phones have no corner to pull",
    "cursor: pointer": "phones have no pointer",
    "text-underline-offset": "underlines stand closer",
    "text-decoration-thickness": "underlines are thicker",
    "::marker": "bullets are not coloured",
    "@media (forced-colors)": "older systems have no such colours",
}
"""What may be used although the least browsers lack it, and what people see instead."""


def test_the_script() -> None:
    used = newer_in_script((STATIC / "chat.js").read_text(encoding="utf-8"))
    assert used - OURS == INSTEAD.keys()


def test_the_styles() -> None:
    used = newer_in_style((STATIC / "style.css").read_text(encoding="utf-8"))
    assert used == LEFT_OUT.keys()


async def test_the_page(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.url) as client:
        assert newer_in_page((await client.get("/")).text) == set()


def test_there_is_no_other_script_or_style() -> None:
    assert {path.name for path in STATIC.iterdir() if path.suffix in {".js", ".css"}} == {
        "chat.js",
        "style.css",
    }


def test_the_readme_and_the_page_name_these_browsers() -> None:
    assert TABLE["least"] == {"webview_android": "80", "safari_ios": "14"}
    script = (STATIC / "chat.js").read_text(encoding="utf-8")
    messages = (ROOT / "content" / "messages.yml").read_text(encoding="utf-8")
    for text in (script, messages, Path(ROOT / "README.md").read_text(encoding="utf-8")):
        assert "iOS 14" in text
        assert "WebView 80" in text


@pytest.mark.parametrize(
    ("source", "newer"),
    [
        ("fetch(a, {signal: AbortSignal.timeout(1)})", "AbortSignal.timeout"),
        ("form.requestSubmit()", "requestSubmit"),
        ("list.at(-1)", "at"),
        ("list?.findLast(f)", "findLast"),
        ("Object.hasOwn(a, b)", "hasOwn"),
        ("element.replaceChildren()", "replaceChildren"),
        ("dialog.showModal()", "showModal"),
        ("structuredClone(a)", "structuredClone"),
        ("new CookieStore()", "CookieStore"),
        ("navigator.locks.request('a', f)", "locks"),
        ("text.replaceAll(a, b)", "replaceAll"),
        ("addEventListener('scrollend', f)", "the event scrollend"),
        ("a ??= b", "operators.nullish_coalescing_assignment"),
        ("class A { #b = 1 }", "classes.private_class_fields"),
        ("class A { static { b() } }", "classes.static.initialization_blocks"),
        ("await a", "operators.await.top_level"),
        ("a.replace(/(?<=b)c/, d)", "regular_expressions.lookbehind_assertion"),
        ("a.match(/b/v)", "regular expressions with the flags v"),
        ("a |> b", "nothing that the parser knows"),
    ],
)
def test_a_newer_script_is_found(source: str, newer: str) -> None:
    assert newer in newer_in_script(source)


@pytest.mark.parametrize(
    "source",
    [
        "a?.b ?? c",
        "try { a() } catch { b() }",
        "async () => { await a }",
        "75_000",
        "({...a})",
        "a.replace(/(?:b)/g, c)",
    ],
)
def test_what_is_old_enough_is_not(source: str) -> None:
    assert newer_in_script(source) == set()


@pytest.mark.parametrize(
    ("source", "newer"),
    [
        ("a { inset: 0 }", "inset"),
        ("a { display: flex; gap: 1rem }", "gap between flex items"),
        ("a { overflow-wrap: anywhere }", "overflow-wrap: anywhere"),
        ("a { aspect-ratio: 1 }", "aspect-ratio"),
        ("a { color: color-mix(in srgb, red, blue) }", "color-mix()"),
        ("a { height: 10svh }", "the unit svh"),
        ("a:is(b) { color: red }", ":is"),
        ("a:has(b) { color: red }", ":has"),
        ("a { b & { color: red } }", "nesting"),
        ("@layer a { b { color: red } }", "@layer"),
        ("@container (width > 1px) { b { color: red } }", "@container"),
        ("@media print { a { accent-color: red } }", "accent-color"),
        ("a { no-such-property: 1 }", "no-such-property"),
    ],
)
def test_a_newer_style_is_found(source: str, newer: str) -> None:
    assert newer in newer_in_style(source)


@pytest.mark.parametrize(
    ("source", "newer"),
    [("<dialog></dialog>", "<dialog>"), ("<p inert>", "inert"), ("<img loading=lazy>", "<img loading>")],
)
def test_a_newer_element_is_found(source: str, newer: str) -> None:
    assert newer in newer_in_page(source)
