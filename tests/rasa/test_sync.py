"""The bot sees to it that the Rasa side answers with what content/ teaches, whoever else teaches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from bot.content.library import Library
from bot.rasa import sync
from bot.rasa.client import Rasa
from bot.rasa.sync import ModelSync
from stand_ins.rasa import RasaStandIn

OURS = "stand-in"
FAILED = {"model": OURS, "reason": "it was ended by SIGSEGV", "advice": "try another family"}
REFUSED = {"model": OURS, "accuracy_before": 0.9, "accuracy": 0.8}
TRAINING = {"model": OURS, "step": "fitting", "share": 0.5, "seconds": 3}


@pytest.fixture
async def rasa(small_library: Library, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RasaStandIn]:
    """A Rasa side whose model is kept in step, with looks in quick succession."""
    monkeypatch.setattr(sync, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(sync, "AGAIN_SECONDS", 0.02)
    rasa = RasaStandIn()
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        sync_task = asyncio.create_task(ModelSync(Rasa(http), lambda: small_library).run())
        await rasa.was_taught()
        yield rasa
        sync_task.cancel()
        with suppress(asyncio.CancelledError):
            await sync_task


async def looks(rasa: RasaStandIn, number: int = 8) -> int:
    """Wait for so many looks of the sync; how often it handed files over meanwhile."""
    taught, looked = len(rasa.taught), rasa.looks
    async with asyncio.timeout(10), rasa.changed:
        await rasa.changed.wait_for(lambda: rasa.looks >= looked + number)
    return len(rasa.taught) - taught


@pytest.mark.parametrize(
    "status",
    [
        {"model": OURS, "wanted": "somebody-elses"},
        {"model": "somebody-elses", "wanted": "somebody-elses"},
        {"model": "somebody-elses", "wanted": "somebody-elses", "training": TRAINING},
        {"model": "old", "wanted": OURS},
        {"model": None, "wanted": OURS},
        {"model": None, "wanted": None},
    ],
)
async def test_it_teaches_again_where_something_else_is_wanted_or_answers(
    rasa: RasaStandIn, status: dict[str, object]
) -> None:
    rasa.status = status
    assert await looks(rasa) > 0


@pytest.mark.parametrize(
    "status",
    [
        {"model": OURS},
        {"model": "old", "training": TRAINING},
        {"model": "old", "refused": REFUSED},
        {"model": "old", "failed": FAILED},
        {"model": None, "failed": FAILED},
        {"model": "old", "is_held": True},
    ],
)
async def test_it_leaves_alone_what_is_on_its_way_or_told_or_meant(
    rasa: RasaStandIn, status: dict[str, object]
) -> None:
    rasa.status = status
    await looks(rasa, 2)
    assert await looks(rasa) == 0


@pytest.mark.parametrize(
    ("status", "untaught"),
    [
        ({"model": OURS, "answers": ["culture.food", "culture.music", "culture.long-gone"]}, set()),
        ({"model": "old", "answers": ["culture.food"]}, {"culture.music"}),
        ({"model": None}, set()),  # nothing is known, and nothing is answered
        ({"model": "put-back", "answers": ["culture.food"], "is_held": True}, set()),
        ({"model": "of-before-it-told"}, set()),
    ],
)
async def test_it_knows_which_answers_the_model_does_not_know_yet(
    small_library: Library,
    monkeypatch: pytest.MonkeyPatch,
    status: dict[str, object],
    untaught: set[str],
) -> None:
    monkeypatch.setattr(sync, "LOOK_SECONDS", 0.01)
    rasa = RasaStandIn(status=status)
    async with rasa.serving() as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        model_sync = ModelSync(Rasa(http), lambda: small_library)
        assert model_sync.untaught() == set()  # nothing is known before the first look
        looking = asyncio.create_task(model_sync.run())
        async with asyncio.timeout(10), rasa.changed:
            await rasa.changed.wait_for(lambda: rasa.looks >= 3)  # what the second one told is known
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    assert model_sync.untaught() == untaught
    monkeypatch.setattr(sync, "NEW_MOST", len(untaught) - 1)
    assert model_sync.untaught() == set()  # more than a few


async def test_while_the_rasa_side_is_out_of_reach_nothing_is_written_for_it(
    small_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "LOOK_SECONDS", 0.01)
    looked, tried, written = asyncio.Event(), 0, 0

    def away(_: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        if tried >= 3:
            looked.set()
        raise httpx.ConnectError("nobody listens")

    def files(_: Library) -> dict[str, str]:
        nonlocal written
        written += 1
        return {}

    monkeypatch.setattr(sync, "training_files", files)
    async with httpx.AsyncClient(base_url="http://rasa", transport=httpx.MockTransport(away)) as http:
        sync_task = asyncio.create_task(ModelSync(Rasa(http), lambda: small_library).run())
        async with asyncio.timeout(10):
            await looked.wait()
        sync_task.cancel()
        with suppress(asyncio.CancelledError):
            await sync_task
    assert written == 0
