"""A picture of an answer is sent up, named in the form, and lost by no save."""

from __future__ import annotations

import io
import re

from PIL import Image

from bot.desk import drafting
from bot.desk.accounts import Account
from tests.support.editors import Pages, draft_of

CHIEF = Account(0, "chief", "Chief")
NAME = "city.merger"
ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (800, 600), "white").save(file, "PNG")
    return file.getvalue()


async def test_what_is_sent_up_is_kept_and_its_name_shown_to_be_written_down(city_pages: Pages) -> None:
    async with city_pages.browser() as browser:
        await city_pages.entered(browser)
        sent = {"picture": ("../../map.png", picture(), "image/png")}
        answer = await browser.post(f"/answers/{NAME}/picture", files=sent)
        assert answer.status_code == 303
        page = (await browser.get(answer.headers["location"])).text
        [file] = set(re.findall(r"merger-[0-9a-f]{8}\.png", page))
        assert (city_pages.desk.directory / "media" / file).is_file()
        assert ("lan", "picture", NAME) in await city_pages.deeds()


async def test_what_is_none_is_refused_in_a_sentence(city_pages: Pages) -> None:
    async with city_pages.browser() as browser:
        await city_pages.entered(browser)
        for data in (b"", b"<svg/>", b"x" * 10_100_000):
            answer = await browser.post(f"/answers/{NAME}/picture", files={"picture": ("a.png", data)})
            assert 400 <= answer.status_code < 500
        sent = {"picture": ("a.png", picture())}
        assert (
            await browser.post(f"/answers/{NAME}/picture", files=sent, headers=ELSEWHERE)
        ).status_code == 403


async def test_a_save_keeps_the_picture_and_changes_what_is_said_of_it(city_pages: Pages) -> None:
    async with city_pages.browser() as browser:
        await city_pages.entered(browser)
        before = (await drafting.open_(city_pages.desk, CHIEF, NAME)).value["media"]
        await draft_of(browser, NAME, **{"media.alt.en": "Another text"})
        after = (await drafting.open_(city_pages.desk, CHIEF, NAME)).value["media"]
    assert isinstance(before, dict)
    assert after == {**before, "alt": {**before["alt"], "en": "Another text"}}
