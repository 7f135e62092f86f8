"""The bot's own sentences: found, changed with their placeholders, by who works for the whole city only."""

from __future__ import annotations

import re

import pytest

from bot.content.messages import Phrases
from bot.desk import drafting
from bot.desk.accounts import Account
from bot.desk.editing import MESSAGES
from bot.desk.sentences import texts
from bot.editing.words import all_words
from tests.support.editors import Pages, fields

SCRIPT = "</textarea><script>alert(1)</script>"


def test_editors_are_told_what_each_phrase_is_for() -> None:
    titles = {key for key in all_words() if key.startswith("said_phrases_")}
    wanted = {f"said_phrases_{key}" for key in Phrases.model_fields}
    lines = [f'{key}: {{vi: "...", en: "..."}}' for key in sorted(wanted - titles)]
    assert not lines, "bot/editing/words.yml lacks these lines: when the bot says it, in a few words"
    assert not titles - wanted, "no such phrase: take it out of bot/editing/words.yml"


async def draft_of(pages: Pages) -> dict[str, str]:
    return texts((await drafting.open_(pages.desk, Account(0, "chief", "Chief"), MESSAGES)).value)


async def test_every_sentence_is_listed_in_both_languages_and_found_without_diacritics(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        page = (await browser.get("/sentences")).text
        value = {**((await pages.desk.live(MESSAGES)).value or {}), "languages": {}}  # of other languages
        assert page.count('class="card" id=') == len(texts(value)) / 2
        found = (await browser.get("/sentences?q=khong phai cac muc nay")).text
        assert "labels.none_of_these" in re.findall(r'class="card" id="([^"]+)"', found)
        assert found.count('class="card" id=') < 5
        assert "None of these" in found


async def test_a_sentence_is_changed_in_the_draft_and_goes_out_after_a_second_person(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh", may_approve=True)
        path = "/sentences/phrases.thanks"
        form = {**fields(await lan.get(path), path), "vi": "Không có gì đâu ạ!"}
        saved = await lan.post(path, data=form)
        assert saved.headers["location"] == "/sentences?saved"
        page = await lan.get("/sentences?saved")
        await lan.post("/sentences/submit", data=fields(page, "/sentences/submit"))
        found = re.search(r'name="base_draft" value="(\d+)"', (await minh.get("/sentences")).text)
        assert found
        revision = {"base_draft": found[1]}
        assert (await minh.post("/answers/messages/approve", data=revision)).status_code == 303
        published = await minh.post("/answers/messages/publish", data={**revision, "how": "approved"})
        assert published.headers["location"] == "/answers/messages/progress", published.text
    text = (pages.desk.directory / "messages.yml").read_text(encoding="utf-8")
    assert "vi: Không có gì đâu ạ!" in text
    assert "# Every sentence of the bot itself." in text


async def test_a_placeholder_that_is_lost_is_told_and_asked_about(pages: Pages) -> None:
    path = "/sentences/phrases.topic"
    async with pages.browser() as browser:
        await pages.entered(browser)
        page = await browser.get(path)
        assert "tên chủ đề" in page.text
        form = {**fields(page, path), "vi": "Chọn một mục nhé:"}
        answer = await browser.post(path, data=form)
        assert answer.status_code == 422
        assert "Chọn một mục nhé:" in answer.text
        assert "thiếu {topic}" in answer.text
        form = fields(answer, path)
        assert (await browser.post(path, data={**form, "sure": "yes"})).status_code == 303
    assert (await draft_of(pages))["phrases.topic.vi"] == "Chọn một mục nhé:"


@pytest.mark.parametrize("typed", ["{tựa} nhé", "{title} nhé", "{ nhé", "} nhé", "", "  "])
async def test_a_placeholder_that_nothing_fills_in_is_refused(pages: Pages, typed: str) -> None:
    path = "/sentences/phrases.topic"
    async with pages.browser() as browser:
        await pages.entered(browser)
        form = {**fields(await browser.get(path), path), "vi": typed, "sure": "yes"}
        answer = await browser.post(path, data=form)
        assert answer.status_code == 422
    assert await pages.deeds() == []


async def test_the_examples_are_changed_line_by_line(pages: Pages) -> None:
    path = "/sentences/page.examples"
    async with pages.browser() as browser:
        await pages.entered(browser)
        form = {**fields(await browser.get(path), path), "vi": "Một?\nHai?", "en": "One?\nTwo?"}
        assert (await browser.post(path, data=form)).status_code == 303
        uneven = {**fields(await browser.get(path), path), "en": "One?"}
        assert (await browser.post(path, data=uneven)).status_code == 422
    draft = await draft_of(pages)
    assert (draft["page.examples.vi"], draft["page.examples.en"]) == ("Một?\nHai?", "One?\nTwo?")


async def test_two_who_change_one_sentence_merge_it(pages: Pages) -> None:
    path = "/sentences/phrases.thanks"
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh")
        before = fields(await minh.get(path), path)
        await lan.post(path, data={**before, "vi": "A"})
        others = {**before, "vi": "Quay về", "en": "Back"}
        assert (await minh.post("/sentences/labels.back", data=others)).status_code == 303
        answer = await minh.post(path, data={**before, "vi": "B"})
        assert answer.status_code == 409
        form = {**fields(answer, "/sentences/merge"), "field.phrases.thanks.vi": "A và B", "field.x.y": "z"}
        assert (await minh.post("/sentences/merge", data=form)).status_code == 303
    draft = await draft_of(pages)
    assert draft["phrases.thanks.vi"] == "A và B"
    assert "x.y" not in draft


async def test_who_works_for_one_office_does_not_speak_for_the_city(pages: Pages) -> None:
    path = "/sentences/phrases.thanks"
    async with pages.browser() as browser, pages.browser() as chief, pages.browser() as reader:
        await pages.entered(chief, "chief")
        await pages.entered(browser, "lan", offices=frozenset({"finance"}))
        await pages.entered(reader, "reader", may_write=False, may_approve=True)
        form = {**fields(await chief.get(path), path), "vi": "Chào"}
        for page in ("/sentences", path, "/answers/messages/history", "/answers/messages/publish"):
            assert (await browser.get(page)).status_code == 403
        assert (await browser.post(path, data=form)).status_code == 403
        assert (
            await browser.post("/sentences/merge", data={"field.phrases.thanks.vi": "x"})
        ).status_code == 403
        assert 'href="/sentences"' not in (await browser.get("/offices")).text
        assert (await reader.get(path)).status_code == 200
        assert (await reader.post(path, data=form)).status_code == 403
    assert await pages.deeds() == []


@pytest.mark.parametrize(
    "path",
    [
        "phrases",
        "phrases.nobody",
        "notice",
        "phrases.greet.vi",
        "%2e%2e%2foffices",
        "../offices.yml",
        "x%00y",
    ],
)
async def test_a_path_that_is_no_sentence_is_not_found(pages: Pages, path: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        assert (await browser.get(f"/sentences/{path}")).status_code == 404
        assert (await browser.post(f"/sentences/{path}", data={"vi": "a", "en": "b"})).status_code in {
            404,
            405,
        }


async def test_scripts_in_sentences_are_shown_as_they_are_written(pages: Pages) -> None:
    path = "/sentences/phrases.thanks"
    async with pages.browser() as browser:
        await pages.entered(browser)
        before = fields(await browser.get(path), path)
        await browser.post(path, data={**before, "vi": SCRIPT, "en": SCRIPT})
        for page in (
            await browser.get(path), await browser.get("/sentences"),
            await browser.get(f"/sentences?q={SCRIPT}"), await browser.get("/answers/messages/compare"),
            await browser.post(path, data={**before, "vi": SCRIPT + "2"}),
        ):  # fmt: skip
            assert page.status_code in {200, 409}
            assert "<script>alert" not in page.text


async def test_another_site_changes_no_sentence(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        for path in ("phrases.thanks", "merge", "submit", "discard"):
            answer = await browser.post(
                f"/sentences/{path}", data={"vi": "a"}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            assert answer.status_code == 403
