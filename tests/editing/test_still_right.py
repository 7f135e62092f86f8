"""What needs no change is confirmed with a button, where an editor finds that it is due."""

from __future__ import annotations

import datetime

from bot.desk.editing import read_live
from tests.support.editors import Pages, fields

NAME = "city.parking"
PAGE = f"/answers/{NAME}"


async def test_facts_that_are_still_right_are_confirmed_from_the_list_of_what_is_past_its_review(
    pages: Pages,
) -> None:
    pages.clock.now = datetime.datetime(2027, 10, 20, 3, tzinfo=datetime.UTC)
    async with pages.browser() as browser:
        await pages.entered(browser)
        assert f'href="{PAGE}"' in (await browser.get("/answers?past_review=on")).text
        page = await browser.get(PAGE)
        assert 'href="#f-checked"' in page.text
        done = await browser.post(
            PAGE, data={**fields(page, PAGE), "map": "Bến Ninh Kiều", "then": "confirm"}
        )
        assert done.headers["location"] == f"{PAGE}?confirmed"
        page = await browser.get(done.headers["location"])
        assert "với ngày kiểm tra mới" in page.text
        assert 'href="#f-checked"' not in page.text
        form = fields(page, PAGE)
    assert (form["checked"], form["map"]) == ("2027-10-20", "Bến Ninh Kiều")
    assert form["review_by"] == "2028-09-18", "after 334 days, as from 1 November to 1 October"
    live = read_live(pages.desk.directory, NAME).value
    assert live is not None
    assert live["checked"] == "2026-11-01", "it goes out when somebody else has looked"


async def test_without_dates_that_can_be_read_the_next_review_is_in_half_a_year(pages: Pages) -> None:
    pages.clock.now = datetime.datetime(2026, 11, 20, 3, tzinfo=datetime.UTC)
    async with pages.browser() as browser:
        await pages.entered(browser)
        for given in ({"checked": "hôm qua"}, {"review_by": ""}, {"review_by": "2026-10-01"}):
            form = fields(await browser.get(PAGE), PAGE)
            await browser.post(PAGE, data={**form, **given, "then": "confirm"})
            form = fields(await browser.get(PAGE), PAGE)
            assert (form["checked"], form["review_by"]) == ("2026-11-20", "2027-05-19")


async def test_that_the_other_language_needs_no_change_is_said_beside_what_changed(pages: Pages) -> None:
    file = pages.desk.directory / "city" / "parking.yml"
    async with pages.browser() as browser:
        await pages.entered(browser)
        await browser.get("/answers")  # here what both say is first seen
        assert "still-right" not in (await browser.get(PAGE)).text
        file.write_text(file.read_text(encoding="utf-8").replace("Có ba bãi", "Có bốn bãi"), encoding="utf-8")
        assert "Bản tiếng Anh chưa cập nhật" in (await browser.get("/answers?behind=on")).text
        page = (await browser.get(PAGE)).text
        assert 'action="/answers/city.parking/still-right"' in page
        assert "bốn</ins>" in page
        done = await browser.post(f"{PAGE}/still-right")
        page = (await browser.get(done.headers["location"])).text
        assert ("hai ngôn ngữ khớp nhau" in page, "still-right" in page) == (True, False)
        assert PAGE not in (await browser.get("/answers?behind=on")).text


async def test_who_may_only_read_the_answer_is_offered_neither(pages: Pages) -> None:
    async with pages.browser() as browser:
        await pages.entered(browser, "minh", may_write=False, may_approve=True)
        page = (await browser.get(PAGE)).text
    assert ('value="confirm"' in page, "still-right" in page) == (False, False)
