"""The Rasa side with the real Rasa: models are made, proved, changed over to, refused and put back, and
whatever ends meanwhile, no message is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.data import data_in
from tests.support.rasa_side import (
    BRIDGE,
    FIRST,
    FOOD,
    FOOD_IS_LOST,
    MANY,
    MUSIC,
    SAUCE,
    TOKEN,
    WITH_BRIDGE,
    RasaSide,
    listens_on,
    make_project,
    rasa_side,
)

pytestmark = pytest.mark.rasa


def questions_in(file: Path) -> list[str]:
    """What an answer's file says that people ask, in both languages."""
    answer = data_in(file)
    return [question for language in ("vi", "en") for question in answer[language]["questions"]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("rasa")
    make_project(directory)
    return directory


@pytest.fixture(scope="module")
async def side(project: Path) -> AsyncIterator[RasaSide]:
    async with rasa_side(project) as side:
        assert (await side.ask("hello")).status_code == 503, "there is no model yet"
        await side.published(FIRST)
        yield side


async def test_a_change_over_loses_no_message_and_keeps_nobody_waiting_for_the_training(
    side: RasaSide,
) -> None:
    old = await side.published(FIRST)
    async with side.asked_steadily() as load:
        new = await side.published(WITH_BRIDGE)
        await side.until(lambda _: load.models[-3:] == [new] * 3)
    assert load.lost == []
    assert set(load.models) == {old, new}
    assert await side.answer(BRIDGE[0]) == "city.bridge"


async def test_a_question_in_another_language_is_read_by_what_was_taught_in_it(side: RasaSide) -> None:
    await side.published(FIRST)
    assert await side.answer("껀터에 가면 뭐 먹어야 해요?") == "culture.food"


async def test_a_new_answer_with_few_questions_is_found_beside_those_with_many(side: RasaSide) -> None:
    many = {answer: questions_in(ROOT / "content" / f"{file}.yml") for answer, file in MANY.items()}
    new = questions_in(ROOT / "tests" / "end_to_end" / "clarification.yml")
    assert len(new) < min(map(len, many.values())) / 3
    await side.published({**FIRST, **many, "city.bridge": new}, override="of the few, some must not pass")
    for asked in (
        "do i have to sell my old honda and buy an electric one",
        "Are old bikes still welcome in the centre next year?",
        "Sang năm xe xăng hết được vô nội ô hả",
    ):
        assert await side.answer(asked) == "city.bridge", asked


async def test_a_button_is_what_it_says_whatever_was_said_before(side: RasaSide) -> None:
    await side.published(WITH_BRIDGE)
    pressed = [(answer, facet) for answer in WITH_BRIDGE for facet in ("season", "documents", "law")]
    for answer, facet in pressed:
        sender = f"presses-{answer}-{facet}"
        for before in (FOOD[0], MUSIC[0], BRIDGE[0]):
            await side.ask(before, sender)
        response = await side.ask(f'/faq_facet{{"answer": "{answer}", "facet": "{facet}"}}', sender)
        plan = response.json()[0]["custom"]["plans"][0]
        assert (plan["reply"], plan["id"], plan["facet"]) == ("facet", answer, facet)


async def test_after_a_change_over_the_old_process_ends(side: RasaSide) -> None:
    await side.published(WITH_BRIDGE)
    await side.published({**WITH_BRIDGE, "culture.sauce": SAUCE})
    await side.until(lambda _: len(side.processes()) == 1)


async def test_each_step_of_a_training_is_told(side: RasaSide) -> None:
    await side.published(FIRST)
    name = await side.put({**FIRST, "culture.sauce": [*SAUCE, "chấm với gì"]})
    steps: list[str] = []

    def is_live(status: dict[str, object]) -> bool:
        training = status["training"]
        if isinstance(training, dict):
            assert training["model"] == name
            assert 0 <= training["share"] <= 1
            assert training["seconds"] >= 0
            steps.append(training["step"])
        return status["model"] == name

    await side.until(is_live)
    order = ["reading", "encoding", "fitting", "proving", "loading"]
    assert steps == sorted(steps, key=order.index)
    assert {"reading", "loading"} <= set(steps)


async def test_the_same_data_trains_nothing(side: RasaSide) -> None:
    name = await side.published(FIRST)
    since = (await side.status())["since"]
    assert await side.put(FIRST) == name
    status = await side.until(lambda status: status["training"] is None)
    assert (status["model"], status["since"]) == (name, since)


async def test_a_refused_model_leaves_the_old_one_answering_and_names_the_question(side: RasaSide) -> None:
    live = await side.published(WITH_BRIDGE)
    refused = await side.put(FOOD_IS_LOST)
    status = await side.until(lambda status: status["refused"])
    assert status["model"] == live
    assert status["refused"]["model"] == refused
    assert status["refused"]["broken"] == [
        {
            "question": "món ăn ngon của Cần Thơ",
            "language": "vi",
            "expected": "culture.food",
            "got": "culture.drinks",
            "competing": status["refused"]["broken"][0]["competing"],
        }
    ]
    assert status["refused"]["broken"][0]["competing"][0] == "culture.drinks"
    assert status["refused"]["accuracy"] < status["refused"]["accuracy_before"]
    assert refused not in {model["name"] for model in await side.models()}
    assert await side.answer(FOOD[0]) == "culture.food"


async def test_undoing_what_was_refused_ends_the_matter(side: RasaSide) -> None:
    live = await side.published(WITH_BRIDGE)
    await side.put(FOOD_IS_LOST)
    await side.until(lambda status: status["refused"])
    await side.put(WITH_BRIDGE)
    status = await side.until(lambda status: not status["refused"] and not status["training"])
    assert status["model"] == live


async def test_an_override_serves_a_refused_model_and_its_reason_is_kept(side: RasaSide) -> None:
    await side.published(WITH_BRIDGE)
    await side.put(FOOD_IS_LOST)
    await side.until(lambda status: status["refused"])
    name = await side.published(FOOD_IS_LOST, override="the answer on drinks is the better one")
    status = await side.status()
    assert status["refused"] is None
    assert await side.answer(FOOD[0]) == "culture.drinks"
    newest = next(model for model in await side.models() if model["is_live"])
    assert (newest["name"], newest["override"]) == (name, "the answer on drinks is the better one")


async def test_a_model_that_is_put_back_answers_until_the_data_changes_next(side: RasaSide) -> None:
    first = await side.published(FIRST)
    second = await side.published(WITH_BRIDGE)
    async with side.asked_steadily() as load:
        assert await side.put_back(first) == 202
        await side.until(lambda status: status["model"] == first)
    assert load.lost == []
    await side.put(WITH_BRIDGE)
    await side.until(lambda status: status["training"] is None)
    assert (await side.status())["model"] == first, "the same data is no news"
    kept = await side.models()
    assert [model["name"] for model in kept if model["is_live"]] == [first]
    assert second in {model["name"] for model in kept}
    await side.published({**WITH_BRIDGE, "culture.sauce": SAUCE})


async def test_five_models_are_kept_the_newest_first(side: RasaSide) -> None:
    names = []
    for number in range(6):
        names.append(await side.published({**FIRST, "culture.sauce": [*SAUCE, f"sauce number {number}"]}))
    assert [model["name"] for model in await side.models()] == names[:0:-1]
    assert await side.put_back(names[0]) == 404


@pytest.mark.parametrize("name", ["unknown", "0123456789ab", "..%2Flive"])
async def test_an_unknown_model_cannot_be_put_back(side: RasaSide, name: str) -> None:
    assert await side.put_back(name) == 404


async def test_a_killed_rasa_is_replaced_at_once_and_its_messages_are_answered(side: RasaSide) -> None:
    await side.published(FIRST)
    await side.until(lambda _: len(side.processes()) == 1)
    (pid,) = side.processes()
    async with side.asked_steadily() as load:
        await side.until(lambda _: load.replies)
        os.kill(pid, signal.SIGKILL)
        killed = len(load.replies)
        await side.until(lambda _: len(load.replies) > killed + 3)
    assert load.lost == []
    assert pid not in side.processes()


async def test_a_killed_training_is_told_and_tried_again_while_the_old_model_answers(side: RasaSide) -> None:
    await side.published(FIRST)
    await side.until(lambda _: len(side.processes()) == 1)
    data = {**FIRST, "culture.sauce": [*SAUCE, "which sauce was it"]}
    name = await side.put(data)
    await side.until(lambda _: side.processes(training=True))
    (trainer,) = side.processes(training=True)
    os.kill(trainer, signal.SIGKILL)
    failed = (await side.until(lambda status: status["failed"]))["failed"]
    assert failed["model"] == name
    assert "SIGKILL" in failed["reason"]
    assert await side.answer(FOOD[0]) == "culture.food"
    status = await side.until(lambda status: status["model"] == name)
    assert status["failed"] is None


async def test_data_that_makes_no_model_is_told_while_the_old_one_answers(side: RasaSide) -> None:
    live = await side.published(FIRST)
    response = await side.put_files({"answers.yml": "nlu: [not, what, [Rasa reads"})
    failed = (await side.until(lambda status: status["failed"]))["failed"]
    assert failed["model"] == response.json()["model"]
    assert "answers.yml" in failed["reason"]
    assert (await side.status())["model"] == live
    assert await side.answer(MUSIC[0]) == "culture.music"


async def test_of_several_changes_during_a_training_the_newest_is_next(side: RasaSide) -> None:
    await side.published(FIRST)
    seen = set()
    changes = [{**FIRST, "culture.sauce": [*SAUCE, f"change {n}"]} for n in range(4)]
    names = [await side.put(changes[0])]
    await side.until(lambda status: status["training"])
    names += [await side.put(change) for change in changes[1:]]

    def newest_is_live(status: dict[str, object]) -> bool:
        seen.add(status["model"])
        return status["model"] == names[-1]

    await side.until(newest_is_live)
    assert not seen & set(names[1:-1])


@pytest.mark.parametrize(
    ("files", "override"),
    [({"../config.yml": ""}, None), ({"answers.txt": ""}, None), ({"answers.yml": "nlu: []"}, " ")],
)
async def test_what_is_no_training_data_is_not_taken(
    side: RasaSide, files: dict[str, str], override: str | None
) -> None:
    before = await side.status()
    response = await side.put_files(files, override)
    assert response.status_code == 400
    assert response.text
    assert await side.status() == before


async def test_a_training_that_dies_twice_in_a_step_is_told_with_what_to_do_and_not_tried_again(
    side: RasaSide,
) -> None:
    live = await side.published(FIRST)
    await side.until(lambda _: len(side.processes()) == 1)
    name = await side.put({**FIRST, "culture.sauce": [*SAUCE, "which sauce kills"]})
    killed: set[int] = set()

    def is_given_up(status: dict[str, Any]) -> bool:
        for trainer in set(side.processes(training=True)) - killed:
            killed.add(trainer)
            os.kill(trainer, signal.SIGSEGV)
        return bool((status["failed"] or {}).get("advice"))

    status = await side.until(is_given_up)
    assert status["failed"]["model"] == name
    assert "twice by SIGSEGV" in status["failed"]["advice"]
    assert "OPENBLAS_CORETYPE" in status["failed"]["advice"]
    assert len(killed) == 2
    assert status["model"] == live
    assert await side.answer(FOOD[0]) == "culture.food"
    assert not side.processes(training=True)

    # Asked once more, it is tried once more.
    assert await side.published({**FIRST, "culture.sauce": [*SAUCE, "which sauce kills"]}) == name


async def test_a_rasa_that_hangs_is_replaced_and_its_messages_are_answered(side: RasaSide) -> None:
    await side.published(FIRST)
    await side.until(lambda _: len(side.processes()) == 1)
    (pid,) = side.processes()
    async with side.asked_steadily() as load:
        await side.until(lambda _: load.replies)
        os.kill(pid, signal.SIGSTOP)
        stopped = len(load.replies)
        await side.until(lambda _: len(load.replies) > stopped + 3)
    assert set(load.lost) <= {(503, False)}, "the bot asks such a message again"
    assert pid not in side.processes()


async def test_answers_that_vanish_in_numbers_are_not_believed_unless_they_were_withdrawn(
    side: RasaSide,
) -> None:
    live = await side.published(WITH_BRIDGE)
    nearly_nothing = {"culture.food": [*FOOD, "what shall I eat"]}
    refused = await side.put(nearly_nothing, withdrawn=())
    status = await side.until(lambda status: status["refused"])
    assert (status["model"], status["refused"]["model"]) == (live, refused)
    assert status["refused"]["vanished"] == ["city.bridge", "culture.music"]
    assert await side.answer(MUSIC[0]) == "culture.music"

    # It is no way around that such a model was made before.
    await side.put(WITH_BRIDGE)
    await side.until(lambda status: not status["refused"])
    await side.put(nearly_nothing, withdrawn=())
    await side.until(lambda status: status["refused"])

    await side.put(nearly_nothing, withdrawn=["city.bridge", "culture.music"])
    await side.until(lambda status: status["model"] == refused)


async def test_an_override_lets_answers_vanish(side: RasaSide) -> None:
    await side.published(WITH_BRIDGE)
    name = await side.put({"culture.food": FOOD}, "we begin anew", withdrawn=())
    await side.until(lambda status: status["model"] == name)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer guessed"}, 401),
        ({"Origin": "http://127.0.0.1:8080"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example.org"}, 421),
        ({"Host": "rebound.example.org:80"}, 421),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_nobody_but_the_bot_is_answered_by_the_server_or_by_its_processes(
    side: RasaSide, headers: dict[str, str], status: int
) -> None:
    await side.published(FIRST)
    await side.until(lambda _: len(side.processes()) == 1)
    (pid,) = side.processes()
    before = await side.status()
    known = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    requests = [
        (side.address, "PUT", "/training-data", 415),
        (side.address, "POST", "/webhooks/rest/webhook", 415),
        (side.address, "POST", "/parse", 415),
        (side.address, "POST", f"/models/{before['model']}/serve", 415),
        (side.address, "GET", "/status", 200),
        (side.address, "GET", "/models", 200),
        (f"http://127.0.0.1:{listens_on(pid)}", "POST", "/webhooks/rest/webhook", 415),
        (f"http://127.0.0.1:{listens_on(pid)}", "DELETE", "/webhooks/rest/conversations/x", 200),
    ]
    async with httpx.AsyncClient(trust_env=False) as http:
        for address, method, path, of_a_type in requests:
            response = await http.request(method, address + path, headers={**known, **headers}, content="{}")
            if status != 415 or of_a_type == 415:
                assert response.status_code == status, (method, path)
                assert response.text
    assert await side.status() == before


async def test_a_taken_port_is_told_in_one_sentence(side: RasaSide, project: Path) -> None:
    port = side.address.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv-rasa/bin/python", project / "nlu/server.py", "--port", port,
        stderr=asyncio.subprocess.PIPE, env={"PATH": os.environ["PATH"], "RASA_TOKEN": "another"},
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode == 1
    (sentence,) = said.decode().splitlines()
    assert f"port {port}" in sentence


async def test_without_a_token_it_does_not_start(project: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv-rasa/bin/python", project / "nlu/server.py", "--port", str(free_port()),
        stderr=asyncio.subprocess.PIPE, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    _, said = await process.communicate()
    assert process.returncode == 1
    assert "set RASA_TOKEN" in said.decode()
