"""The pages of one answer, without a browser: saved by two, handed in, given back, withdrawn, moved."""

from __future__ import annotations

import httpx
import pytest

from bot.editing.words import all_words
from tests.support.editors import Pages, draft_of, fields

ID = "city.parking"
PAGE = f"/answers/{ID}"
DATA = {"Accept": "application/json"}


def said(key: str, **values: str) -> str:
    return all_words()[key]["vi"].format(**values)


async def saved_revision(browser: httpx.AsyncClient) -> str:
    return fields(await browser.get(PAGE), PAGE)["base_draft"]


class TestTwoSave:
    """Lan and Minh have the page open; Lan saves first."""

    async def test_the_second_is_shown_both_texts_and_overwrites_nothing(self, pages: Pages) -> None:
        async with pages.browser() as lan, pages.browser() as minh:
            await pages.entered(lan, "lan")
            await pages.entered(minh, "minh")
            form = fields(await minh.get(PAGE), PAGE)
            await draft_of(lan, ID, **{"vi.title": "Tựa của Lan"})
            second = await minh.post(PAGE, data={**form, "vi.title": "Tựa của Minh"})
            assert second.status_code == 409
            assert all(
                text in second.text for text in ("Tựa của Lan", "Tựa của Minh", said("conflict_title"))
            )
            script = await minh.post(PAGE, data={**form, "vi.title": "Tựa của Minh"}, headers=DATA)
            assert (script.status_code, script.json()) == (409, {"error": "conflict"})
            assert fields(await lan.get(PAGE), PAGE)["vi.title"] == "Tựa của Lan"

            merged = await minh.post(PAGE, data={**fields(second, PAGE), "vi.title": "Tựa chung"})
            assert merged.status_code == 303
            assert fields(await lan.get(PAGE), PAGE)["vi.title"] == "Tựa chung"

    @pytest.mark.parametrize(
        ("end", "form"),
        [
            ("submit", {}), ("approve", {}), ("return", {"note": "Xem lại."}), ("discard", {"sure": "yes"}),
            ("publish", {"how": "approved"}), ("publish", {"how": "now", "reason": "Tin đang lan."}),
        ],
    )  # fmt: skip
    async def test_whatever_is_done_with_a_revision_that_is_not_the_newest_is_not_done(
        self, pages: Pages, end: str, form: dict[str, str]
    ) -> None:
        async with pages.browser() as lan, pages.browser() as chief:
            await pages.entered(lan, "lan")
            await pages.entered(chief, "chief", may_approve=True)
            await draft_of(lan, ID, **{"vi.title": "Tựa một"})
            seen = await saved_revision(chief)
            await draft_of(lan, ID, **{"vi.title": "Tựa hai"})
            done = await chief.post(f"{PAGE}/{end}", data={"base_draft": seen, **form})
            assert (done.status_code, said("conflict_title") in done.text) == (409, True)
            assert fields(await lan.get(PAGE), PAGE)["vi.title"] == "Tựa hai"
        assert "Tựa" not in (pages.desk.directory / "city" / "parking.yml").read_text("utf-8")

    async def test_who_else_is_here_and_that_it_was_saved_meanwhile_is_told(self, pages: Pages) -> None:
        async with pages.browser() as lan, pages.browser() as minh:
            await pages.entered(lan, "lan")
            await pages.entered(minh, "minh")
            form = fields(await minh.get(PAGE), PAGE)
            await lan.post(f"{PAGE}/presence", data={"tab": "one", "is_unsaved": "yes", "base_draft": "0"})
            here = (await minh.post(f"{PAGE}/presence", data={**form, "tab": "two"})).json()
            assert here == {"others": [said("here_other_unsaved", name="Chị Lan")], "has_moved": False}
            await draft_of(lan, ID, **{"vi.title": "Tựa của Lan"})
            assert (
                await lan.post(f"{PAGE}/presence", data={"tab": "one", "is_leaving": "yes"})
            ).content == b""
            here = (await minh.post(f"{PAGE}/presence", data={**form, "tab": "two"})).json()
            assert here == {"others": [], "has_moved": True}


async def test_what_is_unfinished_is_not_handed_in_and_the_field_is_named(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        handed_in = await draft_of(browser, ID, **{"en.answer": "", "then": "submit"})
        assert handed_in.status_code == 422
        assert 'id="problem-en.answer-1"' in handed_in.text
        handed_in = await draft_of(browser, ID, **{"en.answer": "Three car parks.", "then": "submit"})
        assert handed_in.headers["location"] == f"{PAGE}?submitted"


async def test_what_was_handed_in_can_be_given_back_with_a_note(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as chief:
        await pages.entered(lan, "lan")
        await pages.entered(chief, "chief", may_approve=True)
        await draft_of(lan, ID, **{"vi.title": "Tựa mới", "then": "submit"})
        form = {"base_draft": await saved_revision(chief), "note": "Thiếu giờ mở cửa."}
        assert (await chief.post(f"{PAGE}/return", data=form)).headers["location"] == PAGE
        assert "Thiếu giờ mở cửa." in (await lan.get(PAGE)).text


async def test_a_draft_is_thrown_away_only_by_whoever_says_that_they_are_sure(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        await draft_of(browser, ID, **{"vi.title": "Tựa mới"})
        form = {"base_draft": await saved_revision(browser)}
        assert (await browser.post(f"{PAGE}/discard", data=form)).headers["location"] == PAGE
        assert fields(await browser.get(PAGE), PAGE)["vi.title"] == "Tựa mới"
        form["sure"] = "yes"
        assert (await browser.post(f"{PAGE}/discard", data=form)).headers["location"] == "/answers"
        assert fields(await browser.get(PAGE), PAGE)["vi.title"] == "Gửi xe ở đâu"
        assert (await browser.post(f"{PAGE}/discard", data=form)).status_code == 404


async def test_a_withdrawal_keeps_what_was_typed_until_it_can_be_done(pages: Pages) -> None:
    file = pages.desk.directory / "city" / "parking.yml"
    async with pages.browser() as browser:
        await pages.entered(browser, "chief", may_approve=True)
        form = fields(await browser.get(f"{PAGE}/withdraw"), f"{PAGE}/withdraw")
        asked = await browser.post(f"{PAGE}/withdraw", data={**form, "reason_vi": "Luật đã đổi."})
        assert (asked.status_code, "Luật đã đổi." in asked.text) == (200, True)
        form |= {"meaning": "reason", "reason_vi": "Luật đã đổi."}
        refused = await browser.post(f"{PAGE}/withdraw", data=form)
        assert (refused.status_code, "Luật đã đổi." in refused.text) == (422, True)
        assert "withdrawn" not in file.read_text("utf-8")
        done = await browser.post(f"{PAGE}/withdraw", data={**form, "reason_en": "The law has changed."})
        assert done.headers["location"] == f"{PAGE}/progress"
        assert "The law has changed." in file.read_text("utf-8")
        progress = (await browser.get(f"{PAGE}/progress?json")).json()
        assert progress == {"is_over": False, "said": said("learning")}


async def test_an_answer_that_goes_out_unseen_is_looked_at_later(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as chief:
        await pages.entered(lan, "lan", may_approve=True)
        await pages.entered(chief, "chief", may_approve=True)
        await draft_of(lan, ID, **{"vi.title": "Tựa gấp"})
        form = {"base_draft": await saved_revision(lan), "how": "now", "reason": "Tin đang lan."}
        assert (await lan.post(f"{PAGE}/publish", data=form)).headers["location"] == f"{PAGE}/progress"
        (action,) = {part.partition('"')[0] for part in (await chief.get("/")).text.split('action="')[1:]
                     if part.startswith("/looked/")}  # fmt: skip
        assert (await lan.post(action)).status_code == 422, "by nobody who wrote it"
        assert (await chief.post(action)).headers["location"] == "/"
        assert "/looked/" not in (await chief.get("/")).text
        assert (await chief.post("/looked/999")).status_code == 404


async def test_an_earlier_version_becomes_the_next_draft_unless_somebody_saved_meanwhile(
    pages: Pages,
) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        for title in ("Tựa một", "Tựa hai"):
            await draft_of(browser, ID, **{"vi.title": title})
        form = fields(await browser.get(PAGE), PAGE)
        again = {"version": "draft-1", "base_draft": form["base_draft"], "base_file": form["base_file"]}
        assert (await browser.post(f"{PAGE}/restore", data=again)).headers["location"] == PAGE
        assert fields(await browser.get(PAGE), PAGE)["vi.title"] == "Tựa một"
        assert (
            await browser.post(f"{PAGE}/restore", data={**again, "version": "draft-2"})
        ).status_code == 409


async def test_a_new_answer_says_what_is_missing_and_keeps_what_was_typed(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        form = {"topic": "city", "office": "", "vi": "Bến xe ở đâu", "en": "Where the coach station is"}
        wrong = await browser.post("/answers/new", data=form)
        assert (wrong.status_code, "Bến xe ở đâu" in wrong.text) == (422, True)
        begun = await browser.post("/answers/new", data={**form, "office": "police"})
        assert begun.headers["location"].startswith("/answers/city.")
        assert "Bến xe ở đâu" in (await browser.get(begun.headers["location"])).text


async def test_a_question_is_moved_to_another_answer_and_not_to_its_own(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        form = {"topic": "city", "office": "police", "vi": "Bến xe ở đâu", "en": "Where the coach station is"}
        other = (await browser.post("/answers/new", data=form)).headers["location"].rpartition("/")[2]
        moved = {"question": "gửi xe ở đâu", "language": "vi", "to": other}
        for wrong in ({"to": ID}, {"language": "fr"}):
            assert (await browser.post(f"{PAGE}/move-question", data={**moved, **wrong})).status_code == 404
        done = await browser.post(f"{PAGE}/move-question", data=moved)
        assert done.headers["location"] == f"{PAGE}/findability"
        assert (
            "gửi xe ở đâu"
            in fields(await browser.get(f"/answers/{other}"), f"/answers/{other}")["vi.questions"]
        )
        assert "gửi xe ở đâu" not in fields(await browser.get(PAGE), PAGE)["vi.questions"]


@pytest.mark.parametrize(("end", "shown"), [("preview", "Tựa gõ dở"), ("findability", "Không hỏi được bot")])
async def test_what_is_typed_is_looked_at_before_it_is_saved(pages: Pages, end: str, shown: str) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser)
        assert (await browser.get(f"{PAGE}/{end}")).status_code == 200
        form = {**fields(await browser.get(PAGE), PAGE), "vi.title": "Tựa gõ dở", "vi.questions": "câu gõ dở"}
        part = await browser.post(f"{PAGE}/{end}", data=form)
        assert part.status_code == 200
        assert shown in part.text
        assert "<html" not in part.text
        assert "gõ dở" not in (await browser.get(PAGE)).text
