"""An editor saves a file, and soon everybody gets the new answer: with the real Rasa side, trained here.

In `make test` the city has few answers, which take seconds to train; in `make soak` it has all of content/.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bot_process import copy_project
from tests.support.city import MARKET, City, new_person, running_city
from tests.support.content import change
from tests.support.small_city import copy_small_project
from tests.support.soak import seconds

NEW = "clarification.motorbike-ban"

CLARIFICATION = Path(__file__).parent / "clarification.yml"


@pytest.fixture(scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """The bot as it is started for real, in a copy of the project."""
    project = tmp_path_factory.mktemp("project")
    if seconds(0):
        copy_project(project)
    else:
        copy_small_project(project)
    async with running_city(project) as running:
        await running.learned(None)
        yield running


@pytest.mark.soak
@pytest.mark.rasa
async def test_a_new_clarification_is_understood_in_new_words_and_can_be_withdrawn_at_once(
    city: City,
) -> None:
    asker, talker, other = new_person(), new_person(), new_person()
    assert (await city.asks(asker, "sang năm còn được chạy xe gắn máy ở Ninh Kiều không"))["id"] != NEW
    for person in (talker, other):
        assert (await city.asks(person, "mấy giờ thì chợ nổi đông ghe nhất"))["id"] == MARKET
    before = (await city.report())["model"]["name"]

    shutil.copy(CLARIFICATION, city.file(NEW))
    await city.served(NEW)
    card = await city.asks(new_person(), "tu 2027 co cam xe gan may o ninh kieu khong")
    payloads = {button["payload"] for button in card["buttons"]}
    assert card["id"] == NEW or f"answer:{NEW}" in payloads  # by its words, which no model knows yet
    assert (await city.asks(other, "có cá không vậy"))["id"] != NEW
    assert (await city.report())["model"]["name"] == before
    await city.learned(before)

    card = await city.asks(asker, "sang nam con duoc chay xe gan may o ninh kieu khong")
    assert (card["id"], card["verdict"], card["language"]) == (NEW, "refuted", "vi")
    card = await city.asks(new_person(), "will they stop people from riding scooters in the city?")
    assert (card["id"], card["language"]) == (NEW, "en")
    assert card["version"] == (await city.report())["content"]["version"]
    # Whoever was in the middle of a conversation goes on with it.
    card = await city.asks(talker, "vé tàu bao nhiêu vậy")
    assert (card["kind"], card["id"], card["facet"]) == ("facet", MARKET, "price")

    change(city.file(NEW), "status: published", "status: withdrawn\nwithdrawn: {date: 2026-11-25}")
    assert "25/11/2026" in (await city.withdrawn(asker, NEW))["text"]


@pytest.mark.rasa
async def test_a_broken_file_keeps_its_version_until_it_is_mended(city: City) -> None:
    title = (await city.words(""))["title"]
    change(city.file(MARKET), f"title: {title}", "titel: Chợ nổi trên sông")
    async with asyncio.timeout(20):
        while not (mistakes := (await city.report())["mistakes"]):  # noqa: ASYNC110 of another process
            await asyncio.sleep(0.1)  # between two looks at a condition
    lines = city.file(MARKET).read_text(encoding="utf-8").splitlines()
    assert {mistake["file"] for mistake in mistakes} == {"culture/cai-rang-floating-market.yml"}
    assert [(mistake["key"], lines[mistake["line"] - 1].split(":")[0].strip()) for mistake in mistakes] == [
        ("vi.title", "vi"),
        ("vi.titel", "titel"),
    ]
    assert {mistake["serves"] for mistake in mistakes} == {"the last good version"}
    assert (await city.presses(new_person(), f"answer:{MARKET}"))["title"] == title

    change(city.file(MARKET), "titel:", "title:")
    assert (await city.words("trên sông"))["title"] == "Chợ nổi trên sông"
    assert (await city.report())["mistakes"] == []
