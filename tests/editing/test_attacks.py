"""What somebody who means harm tries at the editors' pages; none of it succeeds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.desk import drafting
from bot.desk.drafting import Form
from tests.support.editors import ORIGIN, Pages, draft_of

ID = "city.parking"
OTHERS = ["/", "/answers", "/answers?q=secret"]
READ = ["", "/preview", "/compare", "/compare?left=live&right=draft", "/findability", "/history", "/publish",
        "/withdraw", "/progress"]  # fmt: skip
WRITTEN = ["", "/autosave", "/presence", "/preview", "/findability", "/remarks", "/submit", "/approve",
           "/return", "/publish", "/withdraw", "/restore", "/discard", "/still-right"]  # fmt: skip
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
LINK = "[bấm](javascript:alert(1))"
VALUES = {"name": ID, "remark": "1", "publication": "1", "token": "t", "key": "police", "id": "1",
          "group": "phrases", "account": "1", "editor": "1"}  # fmt: skip


def unsafe(app: object) -> Iterator[str]:
    """The address of every route that changes something."""
    assert isinstance(app, Starlette)
    for route in app.routes:
        if isinstance(route, Route) and "POST" in (route.methods or ()):
            yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: VALUES.get(found[1], "1"), route.path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": f"{ORIGIN}.evil.example"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    ],
)
async def test_another_site_changes_nothing_by_any_route(pages: Pages, headers: dict[str, str]) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_approve=True, may_administer=True)
        addresses = list(unsafe(pages.app))
        assert len(addresses) > 30
        before = await pages.deeds()
        for address in addresses:
            answer = await browser.post(address, data={"name": "x"}, headers=headers)
            assert answer.status_code == 403, (address, answer.status_code)
        assert await pages.deeds() == before


async def test_without_a_session_no_route_does_anything(pages: Pages) -> None:
    of_passkeys = {"/login/passkey", "/login/passkey/options"}
    public = {"/login", "/logout", "/language", "/invitation/t", *of_passkeys}
    async with pages.browser() as browser:
        for address in unsafe(pages.app):
            if address not in public:
                page = await browser.post(address, data={"name": "x"})
                data = await browser.post(address, data={"name": "x"}, headers={"Accept": "application/json"})
                assert (page.status_code, data.status_code) == (401, 401), address


async def test_no_route_fails_on_a_form_that_is_empty_or_full_of_nonsense(pages: Pages) -> None:
    keys = ("name", "field", "text", "base_draft", "how", "tab", "office", "q")
    nonsense = dict.fromkeys(keys, "\x00\u202e😀" * 50)
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_approve=True, may_administer=True)
        for address in unsafe(pages.app):
            if address in {"/logout", "/account/sessions"}:
                continue
            for form in ({}, nonsense):
                answer = await browser.post(address, data=form)
                assert answer.status_code < 500, (address, answer.text)


def is_harmless(page: httpx.Response) -> bool:
    """Whether nothing of what was typed is markup there."""
    return not re.search(r"<script>alert|<img src=x|href=\"javascript:|<svg", page.text)


@pytest.mark.slow
@pytest.mark.parametrize("harm", [SCRIPT, IMAGE, LINK, "</textarea><svg onload=alert(1)>", "{{ 7*7 }}"])
async def test_what_an_editor_typed_is_a_text_wherever_it_is_shown(city_pages: Pages, harm: str) -> None:
    answer = "clarification.fake-vneid-calls"
    async with city_pages.browser() as browser, city_pages.browser() as other:
        account = await city_pages.entered(browser, "lan")
        await city_pages.entered(other, "boss", may_approve=True)
        opened = await drafting.open_(city_pages.desk, account, answer)
        side = {
            "title": harm, "claim": harm, "answer": f"{harm}\n\n{harm}", "questions": [harm],
            "facets": {"law": harm, "hours": harm},
        }  # fmt: skip
        sources = [{"title": harm, "number": harm, "issuer": harm, "url": harm, "date": harm}]
        value = {
            **opened.value, "vi": side, "en": side, "sources": sources, "map": harm, "verdict": harm,
            "clarified": {"by": {"vi": harm, "en": harm}, "date": harm}, "related": [harm],
            "supersedes": [harm], "checked": harm, "review_by": harm,
        }  # fmt: skip
        form = Form(answer, "tab", opened.base_draft, opened.base_file, value)
        await drafting.keep_typed(city_pages.desk, account, form)
        shown = [await browser.get(f"/answers/{answer}?typed=tab")]
        await drafting.save(city_pages.desk, account, form)
        await browser.post(f"/answers/{answer}/remarks", data={"field": harm, "text": harm})
        await browser.post(f"/answers/{answer}/submit", data={"base_draft": "1", "note": harm})
        for end in READ:
            shown.append(await other.get(f"/answers/{answer}{end}"))
        shown += [await other.get(address) for address in ("/", "/answers", "/audit")]
        shown.append(await draft_of(other, answer, base_draft="0", **{"vi.title": harm * 2}))
        now = {"base_draft": "1", "how": "now", "reason": harm, "note": harm}
        shown.append(await other.post(f"/answers/{answer}/publish", data=now))
        asked = {"q": harm, "topic": harm, "office": harm, "state": harm, "sort": harm, "page": harm}
        shown.append(await other.get("/answers", params=asked))
        for number, page in enumerate(shown):
            assert page.status_code < 500, (number, page.text)
            assert is_harmless(page), (number, page.url)


async def test_the_draft_of_another_office_is_shown_by_no_page(pages: Pages) -> None:
    secret = "Bãi xe bí mật"
    async with pages.browser() as writer, pages.browser() as stranger:
        await pages.entered(writer, "lan", offices=frozenset({"police"}))
        await pages.entered(stranger, "tu", may_approve=True, offices=frozenset({"justice"}))
        await draft_of(writer, ID, **{"vi.title": secret, "vi.answer": secret})
        await writer.post(f"/answers/{ID}/remarks", data={"field": "", "text": secret})
        for end in READ:
            answer = await stranger.get(f"/answers/{ID}{end}")
            assert answer.status_code == 403, end
            assert secret not in answer.text, end
        for address in OTHERS:
            assert secret not in (await stranger.get(address)).text, address
        for end in WRITTEN:
            form = {"base_draft": "1", "tab": "t", "office": "justice", "sure": "yes", "text": "x"}
            answer = await stranger.post(f"/answers/{ID}{end}", data=form)
            assert answer.status_code in {403, 404, 422}, end
            assert secret not in answer.text, end


async def test_nobody_approves_what_they_wrote_by_any_form(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_approve=True, may_administer=True)
        await draft_of(browser, ID, map="Ninh Kiều")
        await browser.post(f"/answers/{ID}/submit", data={"base_draft": "1"})
        for action in ("approve", "publish"):
            form = {"base_draft": "1", "how": "approved"}
            assert (await browser.post(f"/answers/{ID}/{action}", data=form)).status_code in {403, 422}, (
                action
            )
    assert "map:" not in (pages.desk.directory / "city" / "parking.yml").read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fetc%2fpasswd", "city.parking%00", "city.parking%2f..%2foffices", "%2e%2e", "city..parking",
        "City.Parking", "city.parking.yml", "catalogue", "offices.yml", "city.pàrking", "a" * 300,
        "city.parking%0d%0aSet-Cookie:%20a=b",
    ],
)  # fmt: skip
async def test_a_name_leads_to_no_other_file(pages: Pages, name: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_approve=True, may_administer=True)
        for end in READ:
            assert (await browser.get(f"/answers/{name}{end}")).status_code in {404, 422}, end
        for end in ("", "/autosave", "/publish", "/withdraw", "/restore"):
            answer = await browser.post(f"/answers/{name}{end}", data={"tab": "t", "base_draft": "0"})
            assert answer.status_code in {404, 422, 405}, end
    files = sorted(path.name for path in pages.desk.directory.rglob("*.yml"))
    assert files == ["catalogue.yml", "messages.yml", "offices.yml", "parking.yml"]


@pytest.mark.parametrize("version", ["../../etc/passwd", "HEAD", "--help", "live..draft", "\x00", "0" * 40])
async def test_a_version_is_only_one_of_the_history(pages: Pages, version: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "boss")
        compared = await browser.get(f"/answers/{ID}/compare", params={"left": version, "right": version})
        assert compared.status_code in {404, 422}
        restored = await browser.post(f"/answers/{ID}/restore", data={"version": version})
        assert restored.status_code in {404, 409, 422}
