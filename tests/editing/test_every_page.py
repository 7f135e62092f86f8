"""Every page can be drawn, in both languages, over the city's own content."""

from __future__ import annotations

import re

import httpx
import pytest

from bot.content.fields import FIELDS, changed
from bot.desk import drafting
from bot.domain.language import Language
from bot.editing.words import Words, all_words
from tests.support import ROOT
from tests.support.editors import ORIGIN, Pages, draft_of, fields

EDITING = ROOT / "bot" / "editing"
ID = "clarification.fake-vneid-calls"
ENDS = ["", "/preview", "/compare", "/findability", "/history", "/publish", "/withdraw", "/progress"]
FILE_ENDS = ["/compare", "/history", "/publish", "/progress"]
ADDRESSES = [
    "/", "/answers", "/answers?q=vneid&sort=title&past_review=on&behind=on",
    "/answers?state=live&topic=culture",
    "/answers/new", *(f"/answers/{ID}{end}" for end in ENDS), "/account", "/editors", "/audit", "/audit.csv",
    "/account/passkeys", "/editors/1", "/offices", "/offices?lacking", "/offices/justice", "/offices/sheet",
    "/offices/sheet.csv", "/sentences", "/sentences?q=xin chao", "/sentences/phrases.topic",
    "/sentences/page.examples", "/figures", "/figures?month=2026-10", "/figures?month=nonsense",
    "/bulletins", "/bulletins/week-48",
    *(f"/answers/{file}{end}" for file in ("offices", "messages", "bulletins") for end in FILE_ENDS),
]  # fmt: skip


async def change_files(browser: httpx.AsyncClient) -> None:
    """Begin drafts of the offices and of the sentences."""
    drafts = {
        "/offices/justice": {"phone": "0292"}, "/sentences/labels.back": {"vi": "Về"},
        "/bulletins/week-48": {"vi.title": "Tuần này"},
    }  # fmt: skip
    for path, typed in drafts.items():
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


def test_every_word_that_a_template_or_a_page_names_is_there() -> None:
    named: set[str] = set()
    for file in [*EDITING.rglob("*.html"), *EDITING.glob("*.py")]:
        named |= set(re.findall(r"""\bt\(["']([a-z_]+)["'][),]""", file.read_text(encoding="utf-8")))
    assert named - set(all_words()) == set()


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
