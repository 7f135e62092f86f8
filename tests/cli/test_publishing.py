"""What editors see of what is live, and their commands, beside a bot that runs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.desk.live_model import OVERRIDES
from stand_ins.rasa import RasaStandIn
from stand_ins.serving import free_port
from tests.support.bot_process import BotProcess
from tests.support.content import change

pytestmark = pytest.mark.server

REFUSED = {
    "model": "stand-in",
    "accuracy_before": 0.973,
    "accuracy": 0.961,
    "broken": [
        {
            "question": "ăn gì ngon",
            "language": "vi",
            "expected": "culture.food",
            "got": None,
            "competing": ["culture.music"],
        },
        {
            "question": "call the police",
            "language": "en",
            "expected": "emergency",
            "got": "culture.music",
            "competing": [],
        },
        {"question": "the moon", "language": "en", "expected": None, "got": "culture.food", "competing": []},
    ],
}
IN_WORDS = [
    "Fewer of the test questions are answered rightly: from 97.3% to 96.1%.",
    '"ăn gì ngon" should get "Tựa food" (culture.food), but gets no answer. '
    'Close to it: "Tựa music" (culture.music).',
    '"call the police" should get emergency, but gets "Title of music" (culture.music).',
    '"the moon" should get no answer, but gets "Title of food" (culture.food).',
]


@dataclass
class Bot:
    """A bot that runs, and what an editor has of it."""

    directory: Path
    rasa: RasaStandIn
    environment: dict[str, str]
    url: str

    @property
    def food(self) -> Path:
        return self.directory / "content" / "culture" / "food.yml"

    async def command(self, *arguments: str) -> tuple[int, list[str]]:
        """The exit status of a command, and the lines that it says."""
        runner = CliRunner(env=self.environment)
        result = await asyncio.to_thread(runner.invoke, main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output.splitlines()

    async def report(self) -> dict[str, Any]:
        """GET /api/content."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{self.url}/api/content")
        assert answer.headers["cache-control"] == "no-store"
        body: dict[str, Any] = answer.json()
        return body

    async def report_when(self, is_so: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The report, once a condition on it holds."""
        async with asyncio.timeout(20):
            while True:
                if is_so(report := await self.report()):
                    return report
                await asyncio.sleep(0.05)  # between two looks at a condition

    async def report_with(self, part: str) -> dict[str, Any]:
        """The report, once it has something to say of a part."""
        return await self.report_when(lambda report: report[part])


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, small_content: Path) -> AsyncIterator[Bot]:
    directory = tmp_path_factory.mktemp("bot")
    shutil.copytree(small_content, directory / "content")
    rasa = RasaStandIn()
    async with rasa.serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(directory / "content")}
        process = BotProcess(directory, settings)
        try:
            await process.start()
            yield Bot(directory, rasa, {"PORT": str(process.port), **settings}, process.url)
        finally:
            await process.ensure_ended()


@pytest.fixture
async def bot(running: Bot, small_content: Path, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """The bot as if it had just been started."""
    monkeypatch.chdir(running.directory)
    shutil.copytree(small_content, running.directory / "content", dirs_exist_ok=True)
    (running.directory / OVERRIDES).unlink(missing_ok=True)
    running.rasa.status, running.rasa.kept = {"model": "stand-in"}, []
    return replace(running, environment=dict(running.environment))


async def test_what_is_live_is_told_with_its_age(bot: Bot) -> None:
    report = await bot.report_when(lambda told: told["model"] and not told["mistakes"])
    content, model = report["content"], report["model"]
    assert content["version"] == content["digest"]
    assert (content["commit"], content["is_changed"], content["answers"]) == (None, False, 2)
    assert content["age_seconds"] < 60
    assert (model["name"], model["is_current"]) == ("stand-in", True)
    assert (report["training"], report["refused"], report["failed"], report["mistakes"]) == (
        None,
        None,
        None,
        [],
    )


async def test_a_training_is_told_with_its_step_and_share(bot: Bot) -> None:
    training = {"model": "next", "step": "fitting", "share": 0.5, "seconds": 7.5}
    bot.rasa.status = {"model": "old", "training": training}
    report = await bot.report_with("training")
    assert report["training"] == training
    assert not report["model"]["is_current"]


async def test_a_refusal_is_told_in_words_that_an_editor_understands(bot: Bot) -> None:
    bot.rasa.status = {"model": "old", "refused": REFUSED}
    report = await bot.report_with("refused")
    assert report["refused"]["problems"] == IN_WORDS


async def test_the_public_is_told_no_title_that_is_not_to_be_known_yet(bot: Bot) -> None:
    change(
        bot.directory / "content" / "culture" / "music.yml", "published", "published\npublish_at: 2099-01-01"
    )
    bot.rasa.status = {"model": "old", "refused": REFUSED}
    report = await bot.report_when(lambda told: told["refused"] and "to it: culture.music." in str(told))
    assert "Tựa music" not in str(report)
    _, said = await bot.command("publish", "--wait")
    assert IN_WORDS[1] in [line.strip() for line in said], "an editor is told"


async def test_a_failure_is_told_but_its_reason_only_where_the_internet_does_not_look(bot: Bot) -> None:
    failed = {"model": "stand-in", "reason": "no space left in /somewhere"}
    bot.rasa.status = {"model": "old", "failed": failed}
    assert (await bot.report_with("failed"))["failed"] == {"model": "stand-in", "advice": None}
    status, said = await bot.command("publish", "--wait")
    assert (status, said[-1]) == (1, "Model stand-in could not be made: no space left in /somewhere")


async def test_a_mistake_is_told_with_file_line_and_key_and_no_path_of_the_machine(bot: Bot) -> None:
    change(bot.food, "title: Title of food", "titel: Title of food")
    report = await bot.report_with("mistakes")
    assert report["mistakes"][0] == {
        "file": "culture/food.yml",
        "line": 11,
        "key": "en.title",
        "problem": "this key is missing",
        "serves": "the last good version",
    }
    status, said = await bot.command("publish", "--wait")
    assert status == 1
    assert "culture/food.yml:11: error: en.title: this key is missing" in said[0]


async def test_publishing_waits_until_words_and_questions_are_live(bot: Bot) -> None:
    change(bot.food, "food là gì", "món gì ngon")
    status, said = await bot.command("publish", "--wait")
    assert status == 0
    digest = (await bot.report())["content"]["digest"]
    assert said == [f"The words are live: version {digest}.", "The questions are live: model stand-in."]
    assert bot.rasa.overrides[-1] is None


async def test_a_refused_model_fails_the_command_and_says_how_to_go_on(bot: Bot) -> None:
    bot.rasa.status = {"model": "old", "refused": REFUSED}
    status, said = await bot.command("publish", "--wait")
    assert status == 1
    assert [line.strip() for line in said[2:-2]] == IN_WORDS
    assert "--anyway --reason" in said[-1]


async def test_a_refusal_is_overruled_with_a_reason_that_is_kept(bot: Bot) -> None:
    status, _ = await bot.command("publish", "--anyway", "--reason", "the question\nwas wrong")
    assert status == 0
    # The running bot may have handed its own files over since, without a reason.
    assert "the question\nwas wrong" in bot.rasa.overrides
    _, said = await bot.command("models")
    assert said[-1].endswith("stand-in  the question was wrong")


@pytest.mark.parametrize("arguments", [("--anyway",), ("--reason", "x"), ("--anyway", "--reason", " ")])
async def test_overruling_takes_a_reason_and_a_reason_takes_overruling(
    bot: Bot, arguments: tuple[str, ...]
) -> None:
    status, said = await bot.command("publish", *arguments)
    assert status == 2
    assert '--anyway and --reason "..." go together.' in said[-1]


async def test_models_are_listed_and_put_back(bot: Bot) -> None:
    assert (await bot.command("models"))[1] == ["There is no model yet."]
    bot.rasa.kept = [
        {
            "name": "new",
            "made_at": "2026-11-25T01:00:00Z",
            "is_live": True,
            "override": "urgent",
            "accuracy": 0.96,
        },
        {
            "name": "old",
            "made_at": "2026-11-24T18:30:00Z",
            "is_live": False,
            "override": None,
            "accuracy": None,
        },
    ]
    assert (await bot.command("models"))[1] == [
        "new  made 2026-11-25 08:00  96.0% of the test questions  live  although refused: urgent",
        "old  made 2026-11-25 01:30  not tested",
    ]
    status, said = await bot.command("models", "old")
    assert (status, said) == (0, ["Model old answers, until a question in content/ is changed."])
    assert await bot.command("models", "../older") == (
        1,
        ["There is no model ../older; `python -m bot models` lists those that are kept."],
    )


async def test_without_a_rasa_side_it_says_so(bot: Bot) -> None:
    bot.environment["RASA_URL"] = f"http://127.0.0.1:{free_port()}"
    status, said = await bot.command("publish")
    assert status == 1
    assert "is out of reach (ConnectError). Does the bot run?" in said[-1]


async def test_without_a_bot_it_says_so(bot: Bot) -> None:
    bot.environment["PORT"] = str(free_port())
    status, said = await bot.command("publish", "--wait")
    assert status == 1
    assert said[-1].startswith("The bot does not run at http://127.0.0.1:")


async def test_nothing_that_the_internet_reaches_changes_what_is_served(bot: Bot) -> None:
    async with httpx.AsyncClient(base_url=bot.url, trust_env=False) as http:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await http.request(method, "/api/content")).status_code in {404, 405}
        for path in ("/training-data", "/models", "/models/stand-in/serve", "/status"):
            assert (await http.post(path)).status_code in {404, 405}
