"""Every page can be drawn, in both languages, over the city's own content."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from bot.content.fields import FIELDS, changed
from bot.desk import drafting, emergency
from bot.domain.language import Language
from bot.editing.words import Words, all_words
from tests.support import ROOT
from tests.support.editors import ORIGIN, Pages, draft_of, fields

EDITING = ROOT / "bot" / "editing"
ID = "clarification.fake-vneid-calls"
ENDS = ["", "/preview", "/compare", "/findability", "/history", "/publish", "/withdraw"]
FILE_ENDS = ["/compare", "/history", "/publish"]
ADDRESSES = [
    "/", "/answers", "/answers?q=vneid&sort=title&past_review=on&behind=on",
    "/answers?state=live&topic=culture",
    "/answers/new", *(f"/answers/{ID}{end}" for end in ENDS), "/account", "/editors", "/audit", "/audit.csv",
    "/account/passkeys", "/editors/1", "/offices", "/offices?lacking", "/offices/justice", "/offices/sheet",
    "/offices/sheet.csv", "/offices/sheet.xlsx", "/wards", "/wards?q=an binh",
    "/wards?lacking", "/wards/31135", "/wards/sheet", "/wards/sheet.csv", "/wards/sheet.xlsx", "/sentences",
    "/sentences?q=xin chao", "/sentences/phrases.topic", "/sentences/page.examples",
    "/figures", "/figures?month=2026-10", "/figures?month=nonsense", "/bulletins", "/bulletins/week-48",
    *(f"/answers/{file}{end}" for file in ("offices", "wards", "messages", "bulletins") for end in FILE_ENDS),
    "/questions", "/questions?show=done&office=justice&page=2", "/announce", "/emergency",
    "/emergency?q=vneid", f"/emergency/withdraw/{ID}",
]  # fmt: skip


async def change_files(browser: httpx.AsyncClient) -> None:
    """Begin drafts of the offices, of the wards, of the sentences and of the bulletins."""
    ward = {"phone": "0292", "source.title": "Trang của phường"}
    for path, typed in (
        ("/offices/justice", {"phone": "0292"}),
        ("/wards/31135", ward),
        ("/sentences/labels.back", {"vi": "Về"}),
        ("/bulletins/week-48", {"vi.title": "Tuần này"}),
    ):
        form = fields(await browser.get(path), path)
        assert (await browser.post(path, data={**form, **typed})).status_code == 303


@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_page_can_be_drawn(city_pages: Pages, language: str) -> None:
    async with city_pages.browser() as browser:
        await city_pages.entered(browser, "boss", may_approve=True, may_administer=True)
        await browser.post("/language", data={"language": language, "then": "/"})
        for address in ADDRESSES:
            assert (await browser.get(address)).status_code == 200, address
        await draft_of(browser, ID, **{"vi.title": "Tựa mới"})
        for end in ENDS:
            assert (await browser.get(f"/answers/{ID}{end}")).status_code == 200, end
        await change_files(browser)
        for address in ADDRESSES:
            assert (await browser.get(address)).status_code == 200, address
        await browser.post(f"/answers/{ID}/remarks", data={"field": "vi.title", "text": "Ngắn hơn?"})
        assert "Ngắn hơn?" in (await browser.get(f"/answers/{ID}")).text


@pytest.mark.parametrize("answer", [ID, "city.hotline", "culture.food", "investment.tax-incentives"])
async def test_a_form_that_nobody_changed_says_what_the_file_says(city_pages: Pages, answer: str) -> None:
    async with city_pages.browser() as browser:
        account = await city_pages.entered(browser, "boss", may_approve=True)
        live = await drafting.open_(city_pages.desk, account, answer)
        await draft_of(browser, answer)
        assert (await drafting.open_(city_pages.desk, account, answer)).draft is None, "nothing was saved"
        await draft_of(browser, answer, map="Ninh Kiều")
        saved = await drafting.open_(city_pages.desk, account, answer)
        assert changed(live.value, saved.value) == ["map"]


async def test_what_was_done_last_is_said_once_something_was_done(pages: Pages) -> None:
    path = "/answers/city.parking"
    async with pages.browser() as browser:
        await pages.entered(browser, "boss", may_approve=True)
        assert (await browser.get(f"{path}/progress")).headers["location"] == f"{path}/publish"
        await draft_of(browser, "city.parking", map="Ninh Kiều")
        now = {"base_draft": "1", "how": "now", "reason": "Gấp"}
        done = await browser.post(f"{path}/publish", data=now)
        assert "Đã đăng" in (await browser.get(done.headers["location"])).text
        form = fields(await browser.get(f"{path}/withdraw"), f"{path}/withdraw")
        done = await browser.post(f"{path}/withdraw", data={**form, "meaning": "error", "sure": "yes"})
        assert "Đã rút" in (await browser.get(done.headers["location"])).text


async def test_whoever_leaves_in_the_middle_of_a_form_is_no_error(
    pages: Pages, caplog: pytest.LogCaptureFixture
) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    scope = {
        "type": "http", "method": "POST", "path": "/answers/city.parking", "query_string": b"",
        "headers": [
            (b"cookie", cookies.encode()), (b"sec-fetch-site", b"same-origin"),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ],
    }  # fmt: skip
    sent: list[Any] = []

    async def left() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await pages.app(scope, left, send)  # type: ignore[operator]
    assert sent[0]["status"] == 400
    assert not caplog.records


def test_every_word_that_a_template_or_a_page_names_is_there() -> None:
    named: set[str] = set()
    for file in [*EDITING.rglob("*.html"), *EDITING.glob("*.py")]:
        named |= set(re.findall(r"""\bt\(["']([a-z_]+)["'][),]""", file.read_text(encoding="utf-8")))
    assert named - set(all_words()) == set()


def test_every_channel_has_a_name() -> None:
    assert {f"channel_{name}" for name in emergency.CHANNELS} <= set(all_words())


def test_every_phrase_has_both_languages_with_the_same_placeholders() -> None:
    for key, phrase in all_words().items():
        assert set(phrase) == {"vi", "en"}, key
        vi, en = (sorted(set(re.findall(r"\{(\w+)\}", phrase[language]))) for language in ("vi", "en"))
        assert vi == en, key


def refused(answer: httpx.Response) -> bool:
    return answer.status_code in {403, 404, 422}


@pytest.mark.parametrize("name", ["nothing.here", "city.none", "%2e%2e%2fetc", "offices.x", "clarification."])
async def test_what_is_not_there_is_said_in_a_sentence(pages: Pages, name: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        for end in ENDS:
            assert refused(await browser.get(f"/answers/{name}{end}")), end


async def test_a_page_that_fails_says_so_in_a_sentence(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.editing.publications.Publications._title", lambda *_: 1 / 0)
    transport = httpx.ASGITransport(app=pages.app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as browser:
        await pages.entered(browser)
        answer = await browser.get("/answers/city.parking/history")
        assert (answer.status_code, "Trang này gặp trục trặc" in answer.text) == (500, True)


def test_every_field_of_an_answer_is_called_by_words() -> None:
    assert [path for path in FIELDS if Words(Language.VI).field(path) == path] == []
