"""A Rasa side starts with models that are kept: the one that was live answers, whatever is in the way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.rasa_side import FIRST, FOOD, WITH_BRIDGE, RasaSide, is_alive, make_project, rasa_side

pytestmark = pytest.mark.rasa


PUBLISHED, PUT_BACK = "published", "put-back"
"""What a Rasa side left: WITH_BRIDGE is live, and FIRST was before it; or FIRST was put back after that."""


@pytest.fixture(scope="module")
async def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of both."""
    directory = tmp_path_factory.mktemp("left")
    running = directory / PUT_BACK
    running.mkdir()
    make_project(running)
    async with rasa_side(running) as side:
        first = await side.published(FIRST)
        await side.published(WITH_BRIDGE)
        shutil.copytree(running, directory / PUBLISHED, symlinks=True)
        await side.put_back(first)
        await side.until(lambda status: status["is_held"] and status["model"] == first)
    return directory


def restart(left: Path, tmp_path: Path) -> Path:
    """A copy of what was left, in which a Rasa side may start."""
    return Path(shutil.copytree(left, tmp_path / "project", symlinks=True))


def live(project: Path) -> dict[str, Any]:
    """The model that was live last."""
    return dict(json.loads((project / "models" / "live.json").read_text(encoding="utf-8")))


def damaged(project: Path) -> list[str]:
    """The models that were set aside; only the last one stays."""
    return [path.stem for path in (project / "models").glob("*.damaged")]


def one_more(project: Path, name: str, at: str) -> Path:
    """Keep a copy of the live model under another name, as live at a time; its file."""
    models, of = project / "models", live(project)["name"]
    record = json.loads((models / f"{of}.json").read_text(encoding="utf-8"))
    (models / f"{name}.json").write_text(json.dumps({**record, "name": name, "live_at": at}), "utf-8")
    return Path(shutil.copy(models / f"{of}.tar.gz", models / f"{name}.tar.gz"))


async def test_damaged_models_are_set_aside_the_one_before_them_answers_and_the_newest_is_made_anew(
    left: Path, tmp_path: Path
) -> None:
    project = restart(left / PUBLISHED, tmp_path)
    newest = live(project)["name"]
    (before,) = {file.stem for file in (project / "models").glob("*.json")} - {newest, "live"}
    torn = project / "models" / f"{newest}.tar.gz"
    empty = one_more(project, "000000000001", "2100-01-01T00:00:01+00:00")
    changed = one_more(project, "000000000002", "2100-01-01T00:00:00+00:00")
    whole = torn.read_bytes()
    half = len(whole) // 2
    torn.write_bytes(whole[:half])
    empty.write_bytes(b"")
    changed.write_bytes(whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :])
    answered: list[str] = []

    def is_live_again(status: dict[str, Any]) -> bool:
        if status["model"]:
            answered.append(status["model"])
        return bool(status["model"] == newest)

    async with rasa_side(project) as side:
        await side.until(is_live_again)
        assert await side.answer(FOOD[0]) == "culture.food"
    assert answered[0] == before
    assert damaged(project) == [changed.name.removesuffix(".tar.gz")], "the last that was tried"
    assert not empty.exists()


async def kill_the_first(side: RasaSide, _: Path) -> None:
    """It is no fault of the model that its process ends."""
    await side.until(lambda _: side.processes())
    os.kill(side.processes()[0], signal.SIGKILL)


async def give_the_encoder_back(side: RasaSide, graph: Path) -> None:
    """Once two processes have missed it."""
    await side.until_forked(2)
    graph.rmdir()


@pytest.mark.parametrize(
    ("before", "hinder", "end"),
    [
        (PUT_BACK, kill_the_first, RasaSide.kill),
        (PUBLISHED, give_the_encoder_back, RasaSide.leave_alone),
    ],
)
async def test_what_was_live_answers_once_it_can_and_nothing_outlives_the_server_or_the_bot(
    before: str,
    hinder: Callable[[RasaSide, Path], Awaitable[None]],
    end: Callable[[RasaSide], None],
    left: Path,
    tmp_path: Path,
) -> None:
    project = restart(left / before, tmp_path)
    was, graph = live(project), project / "build" / "encoder" / "encoder.onnx"
    if hinder is give_the_encoder_back:
        graph.unlink()
        graph.mkdir()  # which nobody can read, or write anew
    async with rasa_side(project) as side:
        await hinder(side, graph)
        status = await side.until(lambda status: status["model"])
        assert (status["model"], status["since"]) == (was["name"], was["since"])
        processes = [side.pid, *side.processes()]
        assert len(processes) > 1
        end(side)
        async with asyncio.timeout(30):
            while any(map(is_alive, processes)):  # noqa: ASYNC110 processes set no event
                await asyncio.sleep(0.05)  # between two looks at a condition
    assert not damaged(project)
