"""Pictures are made once, served as long as their answer is shown, and nothing else is."""

from __future__ import annotations

import asyncio
import datetime
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from bot.content.library import Library
from bot.content.paths import share_path
from bot.content.schema import Answer, AnswerStatus
from bot.domain.language import Language
from bot.site import pictures
from bot.site.pictures import Pictures
from tests.support.content import until

MEDIA = {
    "file": {"vi": "map.vi.png", "en": "map.en.png"},
    "alt": {"vi": "Bản đồ", "en": "A map"},
    "credit": "Ask Cần Thơ",
    "licence": "CC BY 4.0",
}


@dataclass
class Shown:
    """The pictures of a content/ that may change, asked for over HTTP."""

    library: Library
    pictures: Pictures
    http: httpx.AsyncClient
    media: Path

    def path(self, answer_id: str, language: Language = Language.EN) -> str:
        return share_path(self.library.answers[answer_id], language, self.library)

    def change(self, answer_id: str, **fields: object) -> None:
        old = self.library.answers[answer_id].model_dump()
        new = Answer.model_validate({**old, **fields})
        self.library = replace(self.library, answers={**self.library.answers, answer_id: new})


@pytest.fixture
async def shown(small_library: Library, tmp_path: Path) -> AsyncIterator[Shown]:
    made = Pictures(lambda: found.library, tmp_path, "https://bot.example")
    transport = httpx.ASGITransport(app=Starlette(routes=made.routes()))
    (tmp_path / "media").mkdir()
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
        found = Shown(small_library, made, http, tmp_path / "media")
        yield found


async def test_an_image_is_served_with_what_caches_need(shown: Shown) -> None:
    answer = await shown.http.get(shown.path("culture.food"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["cache-control"] == "no-cache"  # what is taken back is gone at once
    again = await shown.http.get(
        shown.path("culture.food"), headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_an_image_is_drawn_once_beside_the_event_loop_and_one_at_a_time(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    may_go_on = threading.Event()

    def draw(answer: Answer, language: Language, library: Library, address: str) -> bytes:
        drawn.append(f"{answer.id} {language} {address}")
        assert may_go_on.wait(10)
        return b"png"

    monkeypatch.setattr(pictures, "draw", draw)
    paths = [shown.path("culture.food"), shown.path("culture.food"), shown.path("culture.music")]
    asked = asyncio.gather(*(shown.http.get(path) for path in paths))
    await until(lambda: drawn)
    assert drawn == ["culture.food en bot.example"]  # the loop goes on meanwhile, and nobody draws beside
    may_go_on.set()
    assert [answer.content for answer in await asked] == [b"png"] * 3
    assert drawn == ["culture.food en bot.example", "culture.music en bot.example"]


async def test_no_more_images_are_kept_than_fit(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "draw", lambda *_: b"png")
    monkeypatch.setattr(pictures, "KEPT", 2)
    for language in Language:
        for answer_id in ("culture.food", "culture.music"):
            await shown.pictures.at(shown.path(answer_id, language))
    assert len(shown.pictures._drawn) == 2


async def test_an_older_address_leads_to_the_image_of_today(shown: Shown) -> None:
    before = shown.path("culture.food")
    shown.change("culture.food", checked=datetime.date(2026, 11, 2))
    answer = await shown.http.get(before)
    assert (answer.status_code, answer.headers["location"]) == (302, shown.path("culture.food"))
    assert before != shown.path("culture.food")


@pytest.mark.parametrize(
    ("field", "value"), [("related", ("culture.music",)), ("review_by", datetime.date(2099, 1, 1))]
)
async def test_what_does_not_stand_in_the_image_leaves_its_address_alone(
    shown: Shown, field: str, value: object
) -> None:
    before = shown.path("culture.food")
    shown.change("culture.food", **{field: value})
    assert shown.path("culture.food") == before


async def test_the_image_of_a_superseded_answer_leads_to_that_of_the_newer(shown: Shown) -> None:
    before = shown.path("culture.food")
    shown.change("culture.music", supersedes=("culture.food",))
    answer = await shown.http.get(before)
    assert answer.headers["location"] == shown.path("culture.music")


async def test_what_is_taken_back_has_no_image_and_what_is_withdrawn_one_that_says_so(shown: Shown) -> None:
    before = shown.path("culture.food")
    reason = {"vi": "Đã cũ.", "en": "It is old."}
    shown.change("culture.food", status=AnswerStatus.WITHDRAWN, withdrawn={"reason": reason})
    withdrawn = await shown.http.get(before, follow_redirects=True)
    assert (withdrawn.status_code, withdrawn.url.path != before) == (200, True)
    in_error = {"status": AnswerStatus.WITHDRAWN, "withdrawn": None}
    never_shown = {"status": AnswerStatus.DRAFT, "withdrawn": None}
    for taken_back in (in_error, never_shown):
        shown.change("culture.food", **taken_back)
        assert (await shown.http.get(before)).status_code == 404
        assert await shown.pictures.at(before) is None


@pytest.mark.parametrize(
    "path",
    [
        "/share/fr/culture/food/000000000000.png",
        "/share/en/culture/nothing/000000000000.png",
        "/share/en/culture/food/..%2f..%2fetc.png",
        "/share/en/culture/food/xyz.png",
        "/media/nothing.png",
        "/media/..%2fculture%2ffood.yml",
        "/media/map.en.png",
    ],
)
async def test_nothing_else_is_there(shown: Shown, path: str) -> None:
    assert (await shown.http.get(path)).status_code == 404


class TestMedia:
    """A file of content/media/ is served if an answer that is shown has it."""

    @pytest.fixture(autouse=True)
    def _a_picture(self, shown: Shown) -> None:
        for name in ("map.vi.png", "map.en.png", "other.png"):
            Image.new("RGB", (400, 300), "white").save(shown.media / name)
        shown.change("culture.food", media=MEDIA)

    async def test_it_is_served_with_its_type(self, shown: Shown) -> None:
        answer = await shown.http.get("/media/map.en.png")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == "no-cache"  # what is taken back is gone at once
        headers = {"If-None-Match": answer.headers["etag"]}
        assert (await shown.http.get("/media/map.en.png", headers=headers)).status_code == 304

    async def test_one_that_no_answer_has_is_not(self, shown: Shown) -> None:
        assert (await shown.http.get("/media/other.png")).status_code == 404

    async def test_it_goes_with_its_answer(self, shown: Shown) -> None:
        shown.change("culture.food", status=AnswerStatus.IN_REVIEW)
        assert (await shown.http.get("/media/map.en.png")).status_code == 404

    async def test_a_link_is_not_followed(self, shown: Shown) -> None:
        (shown.media / "map.en.png").unlink()
        (shown.media / "map.en.png").symlink_to(shown.media / "other.png")
        assert (await shown.http.get("/media/map.en.png")).status_code == 404

    async def test_what_is_no_picture_is_not_served_as_one(self, shown: Shown) -> None:
        (shown.media / "map.en.png").write_text("<script>alert(1)</script>", encoding="utf-8")
        assert (await shown.http.get("/media/map.en.png")).status_code == 404
