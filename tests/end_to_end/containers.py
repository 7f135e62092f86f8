"""The containers as an engine runs them: built, looked through, asked, taught, killed, and brought back.

`make containers` runs it, with Docker or Podman; `make test` does not. The first model is made from nothing,
which takes minutes.
"""

from __future__ import annotations

import base64
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.city import MARKET, City, new_person
from tests.support.compose import Compose, Failed, NoEngine, engine
from tests.support.containers import SERVICES, secret_names
from tests.support.hostile_pictures import saved, written
from tests.support.image_files import wrong_files

pytestmark = pytest.mark.server

OURS = {"bot": 280, "editors": 280, "rasa": 1850}
"""Our images, and how many megabytes each may add to the Python image that it is made from."""

NEVER_IN_AN_IMAGE = (
    ".env", ".git/config", "id_rsa", "data/bot.db", "bot/.env", "bot/.git/config",
    "bot/editing/__pycache__/a.pyc",
    "evaluation/.cache/a", "nlu/.venv/a", "nlu/server.pem", "nlu/data.sqlite3", "stories/.idea/a",
    "tests/nlu/.a.swp",
)  # fmt: skip
"""What may lie about in somebody's directory when images are built."""

DECOY = "must-not-be-in-an-image"

QUESTIONS = {
    "vi": "mấy giờ thì chợ nổi đông ghe nhất",
    "en": "What time does the Cai Rang floating market open?",
}
NEW = "clarification.motorbike-ban"
NEW_QUESTIONS = {
    "vi": "sang nam con duoc chay xe gan may o ninh kieu khong",
    "en": "will they stop people from riding scooters in the city?",
}
NEW_FILE = Path(__file__).parent / "clarification.yml"


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The copy with its images built; all is removed in the end, also after SIGTERM."""
    try:
        compose = Compose(tmp_path_factory.mktemp("project"), engine())
    except NoEngine as error:
        pytest.exit(str(error), returncode=1)
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    compose.write()
    for name in NEVER_IN_AN_IMAGE:
        file = compose.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as text:
            text.write(f"# {DECOY}\n")
    compose.remove()  # what one that was killed has left
    try:
        for name in OURS:
            compose.run("build", name)
        yield compose
    finally:
        compose.remove()


@pytest.mark.parametrize("name", OURS)
def test_an_image_is_small_and_holds_nothing_that_is_not_needed(
    compose: Compose, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, base = compose.image_facts(name), compose.base_facts(name)
    size, added = (number / 1e6 for number in (image["Size"], image["Size"] - base["Size"]))
    with capsys.disabled():
        print(f"\n{name}: {size:.0f} MB, of them {added:.0f} MB ours")
    compose.engine_run("save", "--output", str(tmp_path / "image.tar"), compose.image(name))
    forbidden = [DECOY, *compose.env.values()]
    assert not wrong_files(tmp_path / "image.tar", len(base["RootFS"]["Layers"]), forbidden)
    (tmp_path / "image.tar").unlink()
    assert image["Config"]["User"] == "app"
    assert not {line.split("=")[0] for line in image["Config"]["Env"]} & secret_names()
    assert added < OURS[name]


@pytest.fixture(scope="module")
async def city(compose: Compose) -> City:
    """All services, started as docs/operators.md says, answering with the model of content/."""
    compose.let_content_be_written()
    compose.run("up", "-d", "database")
    compose.until_well("database")
    compose.sql("rasa")
    compose.run("up", "-d", "rasa", "bot")
    compose.until_well("rasa")
    compose.until_well("bot")
    city = City(compose.directory, compose, 0)
    await city.learned(None)
    compose.sql("editors")
    compose.run("up", "-d", "editors")
    compose.until_well("editors")
    return city


async def answers(city: City) -> None:
    """The page answers in each language."""
    for language, question in QUESTIONS.items():
        card = await city.asks(new_person(), question)
        assert (card["id"], card["language"]) == (MARKET, language)


async def test_the_page_answers_in_each_language(city: City) -> None:
    await answers(city)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        assert "<html" in (await http.get(city.process.url)).raise_for_status().text


async def test_a_picture_that_is_sent_is_read(city: City) -> None:
    picture = base64.b64encode(saved(written("Chợ nổi đóng cửa luôn"), "PNG")).decode()
    async with httpx.AsyncClient(base_url=city.process.url, timeout=60, trust_env=False) as http:
        answer = await http.post("/api/pictures", json={"conversation": new_person(), "picture": picture})
    (card,) = answer.raise_for_status().json()["replies"]
    assert card["action"] == "picture_read"
    assert "đóng cửa luôn" in card["text"]


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "rasa-runner"])
@pytest.mark.usefixtures("city")
def test_each_runs_with_no_rights_and_writes_nothing_but_its_volumes(compose: Compose, service: str) -> None:
    status = dict(
        line.split(":\t", 1) for line in compose.inside(service, "cat", "/proc/1/status").splitlines()
    )
    assert status["CapEff"] == "0" * 16
    assert status["NoNewPrivs"] == "1"
    assert status["Uid"].split()[0] != "0"
    with pytest.raises(Failed, match="Read-only file system"):
        compose.inside(service, "touch", "/usr/x")


@pytest.mark.usefixtures("city")
def test_only_the_pages_reach_outside_and_are_reached(compose: Compose) -> None:
    def has_way_out(service: str) -> bool:
        routes = compose.inside(service, "cat", "/proc/net/route").splitlines()[1:]
        return any(route.split()[1] == "00000000" for route in routes)

    def is_reached(service: str) -> bool:
        ports: dict[str, object] = compose.inspect(service)[0]["HostConfig"]["PortBindings"] or {}
        return any(ports.values())

    running = [name for name in SERVICES if name != "rasa-runner"]
    assert {name for name in running if has_way_out(name)} == {"bot", "editors"}
    assert {name for name in running if is_reached(name)} == {"bot", "editors"}


async def test_what_editors_add_is_taught_and_answered(compose: Compose, city: City) -> None:
    before = (await city.report())["model"]["name"]
    shutil.copy(NEW_FILE, city.file(NEW))
    await city.learned(before)
    for language, question in NEW_QUESTIONS.items():
        card = await city.asks(new_person(), question)
        assert (card["id"], card["language"]) == (NEW, language)


async def test_more_runners_answer_while_the_trainer_is_away(compose: Compose, city: City) -> None:
    compose.run("up", "-d", "--no-recreate", "--scale", "rasa-runner=2", "rasa-runner")
    assert len(compose.containers("rasa-runner")) == 2
    compose.until_well("rasa-runner")
    compose.engine_run("kill", *compose.containers("rasa"))
    await answers(city)
    first, second = compose.containers("rasa-runner")
    compose.engine_run("kill", first)
    await answers(city)
    compose.engine_run("start", first)
    compose.engine_run("kill", second)
    await answers(city)
    compose.engine_run("start", *compose.containers("rasa"))
    compose.until_well("rasa")


@pytest.mark.parametrize("service", ["rasa", "bot", "database", "editors"])
async def test_each_that_is_killed_comes_back_and_the_page_answers(
    compose: Compose, city: City, service: str
) -> None:
    before = await city.learned(None)
    compose.engine_run("kill", *compose.containers(service))
    compose.engine_run("start", *compose.containers(service))
    compose.until_well(service)
    # When PostgreSQL is back the model before may answer for a moment.
    assert await city.learned(None) == before
    await answers(city)
    card = await city.asks(new_person(), NEW_QUESTIONS["vi"])
    assert card["id"] == NEW
