"""One trainer and a runner that follows it, with the real Rasa and conversations in a shared PostgreSQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from stand_ins.postgres import Cluster, cluster
from tests.support.rasa_side import BRIDGE, FIRST, FOOD, WITH_BRIDGE, RasaSide, make_project, rasa_side

pytestmark = pytest.mark.rasa


@dataclass
class Pair:
    """Both, and the directory that they share."""

    trainer: RasaSide
    runner: RasaSide
    project: Path


@pytest.fixture(scope="module")
def conversations(postgres: Cluster) -> Iterator[str]:
    with postgres.database() as url:
        yield make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory, conversations: str) -> AsyncIterator[Pair]:
    project = tmp_path_factory.mktemp("replicas")
    make_project(project)
    shared = {"RASA_CONVERSATIONS": conversations}
    async with rasa_side(project, **shared) as trainer, rasa_side(project, "--follow", **shared) as runner:
        yield Pair(trainer, runner, project)


async def test_a_runner_changes_over_to_what_the_trainer_publishes(pair: Pair) -> None:
    first = await pair.trainer.published(FIRST)
    await pair.runner.until(lambda status: status["model"] == first)
    assert await pair.runner.answer(BRIDGE[0]) != "city.bridge"
    async with pair.runner.asked_steadily() as load:
        second = await pair.trainer.published(WITH_BRIDGE)
        await pair.runner.until(lambda status: status["model"] == second)
    assert load.lost == []
    assert await pair.runner.answer(BRIDGE[0]) == "city.bridge"


async def test_a_conversation_goes_on_with_whichever_is_asked_and_is_forgotten_by_any(pair: Pair) -> None:
    await pair.trainer.published(WITH_BRIDGE)
    await pair.trainer.ask('/faq{"answer": "city.bridge"}', "lan", 100.0)
    shown = await pair.runner.ask('/language{"language": "en"}', "lan", 101.0)
    assert shown.json()[0]["custom"]["plans"][0]["id"] == "city.bridge"

    late = await pair.trainer.ask('/faq{"answer": "culture.food"}', "lan", 100.5)
    assert late.json()[0]["custom"]["plans"][0]["id"] == "culture.food", "it is answered all the same"
    shown = await pair.runner.ask('/language{"language": "vi"}', "lan", 102.0)
    assert shown.json()[0]["custom"]["plans"][0]["id"] == "city.bridge", "and leaves no trace"

    await pair.trainer.forget("lan")
    shown = await pair.runner.ask('/language{"language": "en"}', "lan", 103.0)
    assert shown.json()[0]["custom"]["plans"][0].get("id") is None


async def test_a_damaged_file_is_left_to_the_trainer_and_the_old_model_goes_on(pair: Pair) -> None:
    good = await pair.trainer.published(FIRST)
    await pair.runner.until(lambda status: status["model"] == good)
    models, bad = pair.project / "models", "0123456789ab"
    record = json.loads((models / f"{good}.json").read_text())
    (models / f"{bad}.json").write_text(json.dumps({**record, "name": bad}))
    (models / f"{bad}.tar.gz").write_bytes(b"torn")
    live = json.loads((models / "live.json").read_text())
    (models / "live.json").write_text(json.dumps({**live, "name": bad}))

    told = await pair.runner.until(lambda status: status["failed"])

    assert (told["model"], told["wanted"]) == (good, bad)
    assert "damaged" in told["failed"]["reason"]
    assert (models / f"{bad}.tar.gz").exists()
    assert (await pair.runner.ask(FOOD[0])).status_code == 200


async def test_a_database_that_is_away_is_waited_for_by_the_model_and_the_process_that_are_there(
    pair: Pair, tmp_path: Path
) -> None:
    """At the start, and later, when it costs nobody more than to ask again once it is back."""
    before = await pair.trainer.published(FIRST)
    live = await pair.trainer.published(WITH_BRIDGE)
    make_project(tmp_path)
    for part in ("models", "build"):
        shutil.copytree(pair.project / part, tmp_path / part, dirs_exist_ok=True)
    with cluster() as away, away.database() as url:
        away.stop()
        shared = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        async with rasa_side(tmp_path, RASA_CONVERSATIONS=shared) as again:
            (forked,) = await again.until_forked(1)
            away.start()
            told = await again.until(lambda status: status["model"])
            await again.ask('/faq{"answer": "city.bridge"}', "lan", 100.0)
            away.stop()
            for _ in range(2):
                lost = await again.ask('/language{"language": "en"}', "lan", 101.0)
                assert lost.status_code == 503
            away.start()
            shown = await again.ask('/language{"language": "en"}', "lan", 101.0)
            assert shown.json()[0]["custom"]["plans"][0]["id"] == "city.bridge"
            assert again.processes() == [forked]
    assert told["model"] == live != before
    assert not list((tmp_path / "models").glob("*.damaged"))
