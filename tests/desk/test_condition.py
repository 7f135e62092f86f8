"""What editors are told of a bot that is not well."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import insert

from bot.desk.condition import LATE, condition
from bot.desk.editing import EditingDesk
from bot.editing.words import all_words
from bot.storage.models import Delivery, DeliveryStatus
from stand_ins.rasa import RasaStandIn
from tests.support.bot_database import BotDatabase
from tests.support.desk import CHIEF

BROKEN = {"question": "ăn gì", "language": "vi", "expected": "culture.food", "got": "culture.music"}
REFUSED = {"model": "new", "accuracy_before": 1.0, "accuracy": 0.9, "broken": [BROKEN]}


async def wrong(desk: EditingDesk) -> dict[str, dict[str, str]]:
    """What is wrong, by its phrase, each of which the pages have."""
    found = await condition(desk, CHIEF)
    assert {trouble.key for trouble in found.troubles} <= {*all_words(), "wrong_channel"}
    return {trouble.key: dict(trouble.values) for trouble in found.troubles}


@pytest.fixture
def well(desk: EditingDesk, bot: BotDatabase) -> EditingDesk:
    """A desk that reads the bot's database."""
    return replace(desk, bot=bot.reader)


@pytest.fixture
def rasa() -> RasaStandIn:
    return RasaStandIn()


@pytest.fixture
async def asking(well: EditingDesk, rasa: RasaStandIn) -> AsyncIterator[EditingDesk]:
    """It asks the Rasa side, too."""
    async with rasa.client() as http:
        yield replace(well, rasa=http)


async def test_of_a_bot_that_is_well_nothing_is_said(asking: EditingDesk) -> None:
    assert await wrong(asking) == {}


async def test_without_the_bots_database_nobody_knows_who_waits(desk: EditingDesk) -> None:
    assert await wrong(desk) == {"wrong_data": {}}
    assert (await condition(desk, CHIEF)).waiting is None


async def test_a_rasa_side_that_is_away_is_told(asking: EditingDesk, rasa: RasaStandIn) -> None:
    rasa.is_away = True
    assert await wrong(asking) == {"wrong_rasa": {}}


async def test_why_a_model_was_refused_or_could_not_be_made_is_told(
    asking: EditingDesk, rasa: RasaStandIn
) -> None:
    rasa.status = {"model": "old", "refused": REFUSED}
    assert "from 100.0% to 90.0%" in (await wrong(asking))["wrong_refused"]["reason"]
    rasa.status = {
        "model": "old",
        "failed": {"model": "new", "reason": "killed", "advice": "Give it memory."},
    }
    assert (await wrong(asking))["wrong_failed"]["reason"] == "Give it memory."
    rasa.status = {"model": "old", "failed": {"model": "new", "reason": "x" * 1000, "advice": None}}
    assert len((await wrong(asking))["wrong_failed"]["reason"]) == 300


async def test_how_far_a_training_is_is_no_trouble(asking: EditingDesk, rasa: RasaStandIn) -> None:
    rasa.status = {"training": {"model": "new", "step": "fitting", "share": 0.5, "seconds": 3}}
    found = await condition(asking, CHIEF)
    assert (found.troubles, found.learning) == ((), 0.5)


@pytest.mark.parametrize(("minutes", "is_told"), [(1, True), (-1, False)])
async def test_deliveries_that_were_tried_and_are_late_are_counted(
    well: EditingDesk, bot: BotDatabase, minutes: int, is_told: bool
) -> None:
    queued = bot.clock() - LATE - datetime.timedelta(minutes=minutes)
    late = {
        "channel": "telegram", "address": "a", "conversation": "c", "language": "vi", "attempts": 1,
        "queued_at": queued, "not_before": queued, "status": DeliveryStatus.QUEUED, "text": "A reply.",
    }  # fmt: skip
    await bot.database.transact(lambda connection: connection.execute(insert(Delivery).values(late)))
    assert await wrong(well) == ({"wrong_late": {"number": "1"}} if is_told else {})


@pytest.mark.parametrize("answer", [httpx.Response(502, text="<h1>"), httpx.Response(200, json=[1]), None])
async def test_a_bot_that_does_not_say_how_it_is_is_told(
    well: EditingDesk, answer: httpx.Response | None
) -> None:
    def ready(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("refused", request=request)
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(ready), base_url="http://bot") as http:
        assert await wrong(replace(well, bot_http=http)) == {"wrong_bot": {}}


async def test_each_thing_that_the_bot_says_is_wrong_is_told(well: EditingDesk) -> None:
    body = {
        "ready": False, "wrong": ["database", "answering", "else"], "tasks": {"housekeeping": "ended"},
        "telegram": {"state": "out of reach"}, "zalo": "connected", "page": None,
    }  # fmt: skip

    def ready(_: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(ready), base_url="http://bot") as http:
        assert await wrong(replace(well, bot_http=http)) == {
            "wrong_database": {}, "wrong_answering": {}, "wrong_tasks": {"tasks": "housekeeping"},
            "wrong_channel": {"channel": "telegram", "reason": "out of reach"},
        }  # fmt: skip
