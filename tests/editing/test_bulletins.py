"""The pages of bulletins: a form, a second person, and a file of content/."""

from __future__ import annotations

import pytest

from bot.content.loading import load
from bot.content.writing import edit
from bot.editing.bulletins import with_bulletin
from tests.support.editors import Pages, fields

PAGE = "/bulletins/week-48"
TYPED = {
    "status": "published", "date": "2026-11-23", "every": "week", "answers": "city.parking",
    "vi.title": "Tuần này", "vi.text": "Bãi giữ xe **mới**.", "en.title": "This week",
    "en.text": "A new car park.",
}  # fmt: skip


async def test_one_writes_another_approves_and_it_is_served(pages: Pages) -> None:
    async with pages.browser() as lan, pages.browser() as minh:
        await pages.entered(lan, "lan")
        await pages.entered(minh, "minh", may_approve=True)
        assert "Chưa có bản tin nào" in (await lan.get("/bulletins")).text
        form = fields(await lan.get(PAGE), PAGE)
        assert form["status"] == "draft"
        assert (await lan.post(PAGE, data={**form, **TYPED})).headers[
            "location"
        ] == "/bulletins?saved#week-48"
        page = await lan.get("/bulletins")
        submitted = await lan.post("/bulletins/submit", data=fields(page, "/bulletins/submit"))
        assert submitted.headers["location"] == "/bulletins?submitted", submitted.text
        assert load(pages.desk.directory).library.bulletins == {}
        own = "/answers/bulletins/approve"
        review = await minh.get("/answers/bulletins/publish")
        await minh.post(own, data=fields(review, own))
        go = "/answers/bulletins/publish"
        answer = await minh.post(go, data={**fields(await minh.get(go), go), "how": "publish"})
        assert answer.status_code == 303, answer.text
    (bulletin,) = load(pages.desk.directory, now=pages.clock()).library.bulletins.values()
    assert (bulletin.vi.title, bulletin.every, bulletin.answers) == ("Tuần này", "week", ("city.parking",))


async def test_the_file_keeps_its_head(pages: Pages) -> None:
    file = pages.desk.directory / "bulletins.yml"
    file.write_text("# How to write one.\n#\n", encoding="utf-8")
    written = edit(file.read_text("utf-8"), with_bulletin({}, "week-48", TYPED))
    assert written.startswith("# How to write one.\n#\nweek-48:\n")
    async with pages.browser() as lan:
        await pages.entered(lan, "lan")
        assert (await lan.get("/bulletins")).status_code == 200


async def test_what_is_missing_is_said_before_it_goes_to_somebody_else(pages: Pages) -> None:
    async with pages.browser() as lan:
        await pages.entered(lan, "lan")
        form = fields(await lan.get(PAGE), PAGE)
        await lan.post(PAGE, data={**form, **TYPED, "en.text": "", "answers": "nonsense"})
        page = await lan.get("/bulletins")
        answer = await lan.post("/bulletins/submit", data=fields(page, "/bulletins/submit"))
        assert answer.status_code == 422
        for said in ("week-48: Nội dung (Tiếng Anh)", "week-48: Dẫn tới các câu trả lời"):
            assert said in answer.text, said
            assert said in (await lan.get(PAGE)).text, said


async def test_only_who_writes_for_the_whole_city_writes_bulletins(pages: Pages) -> None:
    async with pages.browser() as lan:
        await pages.entered(lan, "lan", offices=frozenset({"justice"}))
        assert (await lan.get(PAGE)).status_code == 403
        assert (await lan.post(PAGE, data=TYPED)).status_code == 403


@pytest.mark.parametrize("key", ["UPPER", "a_b", "x" * 49, "-"])
async def test_what_is_no_id_is_not_there(pages: Pages, key: str) -> None:
    async with pages.browser() as lan:
        await pages.entered(lan, "lan")
        assert (await lan.get(f"/bulletins/{key}")).status_code == 404


def test_answers_are_ids_however_they_are_put() -> None:
    value = with_bulletin({}, "week-48", {**TYPED, "answers": " city.a, city.b\n\ncity.a ;city.c "})
    entry = value["week-48"]
    assert isinstance(entry, dict)
    assert entry["answers"] == ["city.a", "city.b", "city.c"]
