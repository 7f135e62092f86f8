"""What whoever runs the bot can see: how it is, numbers about nobody, and alerts that mean something."""

from __future__ import annotations

import re
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from bot.channels.contract import Channel, Rejected
from bot.channels.metered import MeteredChannel
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from stand_ins.rasa import RasaStandIn
from tests.support import ROOT
from tests.support.app import running
from tests.support.data import data_in

TOKEN = "a-token-of-the-operators"
ALERTS = ROOT / "operations" / "alerts.yml"
OPERATORS = ROOT / "docs" / "operators.md"


class Measured:
    """The numbers that /metrics told, by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        (value,) = [s.value for s in self._samples if s.name == name and labels.items() <= s.labels.items()]
        return value

    def labels(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for sample in self._samples:
            for label, value in sample.labels.items():
                found.setdefault(label, set()).add(value)
        return found


async def measured(http: httpx.AsyncClient) -> Measured:
    response = await http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return Measured(response.text)


@pytest.mark.server
async def test_the_numbers_tell_how_many_and_how_long_but_never_who_or_what(
    tmp_path: Path, small_content: Path
) -> None:
    rasa = RasaStandIn()
    async with rasa.serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content), "METRICS_TOKEN": TOKEN}
        async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
            before = await measured(http)
            assert before("bot_messages_total", channel="web", kind="text") == 0
            question = {"conversation": "Lan-0901234567", "text": "music, says Lan", "key": "k1"}
            for body in (question, question, {**question, "text": "weather", "key": "k2"}):
                assert (await http.post("/api/messages", json=body)).status_code == 200
            after = await measured(http)
            assert after("bot_messages_total", channel="web", kind="text") == 2
            assert after("bot_redeliveries_total", channel="web") == 1
            assert after("bot_replies_total", channel="web", kind="answer") == 1
            assert after("bot_replies_total", channel="web", kind="fallback") == 1
            assert after("bot_reply_seconds_count", channel="web") == 2
            assert after("bot_unanswered_messages") == 0
            assert after("bot_oldest_unanswered_seconds") == 0
            assert after("bot_database_up") == 1
            assert after("bot_model_ready") == 1
            assert after("bot_content_errors") == 0
            assert set(after.labels()) == {"channel", "kind", "le", "version", "implementation", "major",
                                           "minor", "patchlevel", "generation", "task"}  # fmt: skip
            for private in ("Lan", "0901234567", "music", "weather", "culture."):
                assert private not in after.text
            rasa.is_away = True
            assert (await measured(http))("bot_model_ready") == 0


@pytest.mark.server
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
async def test_the_numbers_are_for_whoever_has_the_token(given: str, served: httpx.AsyncClient) -> None:
    response = await served.get("/metrics", headers={"Authorization": given})
    assert (response.status_code, response.text) == (401, "")


@pytest.mark.server
async def test_without_a_token_there_are_no_numbers(tmp_path: Path, small_content: Path) -> None:
    settings = {"RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content)}
    async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
        assert (await http.get("/metrics")).status_code == 404


@pytest.mark.server
async def test_readiness_names_what_is_wrong(served: httpx.AsyncClient) -> None:
    ready = await served.get("/ready")
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "wrong": ["model"], "model": "the Rasa side is out of reach"}


@pytest.fixture(scope="module")
async def served(
    tmp_path_factory: pytest.TempPathFactory, small_content: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The service, without a Rasa side."""
    settings = {"RASA_URL": "http://127.0.0.1:9", "CONTENT_DIR": str(small_content), "METRICS_TOKEN": TOKEN}
    directory = tmp_path_factory.mktemp("served")
    async with running(directory, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
        yield http


class TestAFullDisk:
    """Simulated by a limit on the size of files, under which nothing can be added to any."""

    @pytest.mark.server
    async def test_it_is_told_and_what_comes_is_asked_to_come_again(
        self, tmp_path: Path, small_content: Path
    ) -> None:
        async with RasaStandIn().serving() as rasa_url:
            settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content), "METRICS_TOKEN": TOKEN}
            async with (
                running(tmp_path, settings) as (process, url),
                httpx.AsyncClient(base_url=url, timeout=20) as http,
            ):
                question = {"conversation": "c", "text": "music", "key": "k"}
                assert (await http.get("/ready")).status_code == 200
                assert (await measured(http))("bot_database_free_bytes") > 0
                limit = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, limit[1]))
                ready = await http.get("/ready")
                assert (ready.status_code, ready.json()["wrong"]) == (503, ["database"])
                assert (await measured(http))("bot_database_up") == 0
                refused = await http.post("/api/messages", json=question)
                assert refused.status_code == 503
                assert int(refused.headers["Retry-After"]) > 0
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
                assert (await http.get("/ready")).status_code == 200
                assert (await http.post("/api/messages", json=question)).status_code == 200


@pytest.mark.server
async def test_a_database_that_is_deleted_is_told(tmp_path: Path, small_content: Path) -> None:
    async with RasaStandIn().serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content)}
        async with running(tmp_path, settings) as (_, url), httpx.AsyncClient(base_url=url) as http:
            assert (await http.get("/ready")).status_code == 200
            (tmp_path / "data" / "bot.db").unlink()
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["wrong"]) == (503, ["database"])
            answer = await http.post("/api/messages", json={"conversation": "c", "text": "music"})
            assert answer.status_code == 503


class TestFailingTasks:
    """A background task that fails is begun again, and seen."""

    @pytest.mark.server
    async def test_one_beside_the_answers_is_told(self, tmp_path: Path, small_content: Path) -> None:
        failing = (
            "from bot.rasa import sync\nasync def fail(self): raise KeyError\nsync.ModelSync.run = fail\n"
        )
        async with RasaStandIn().serving() as rasa_url:
            settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content), "METRICS_TOKEN": TOKEN}
            async with (
                running(tmp_path, settings, failing) as (_, url),
                httpx.AsyncClient(base_url=url) as http,
            ):
                ready = await http.get("/ready")
                assert (ready.status_code, ready.json()["tasks"]) == (200, {"teaching": "KeyError"})
                numbers = await measured(http)
                assert numbers("bot_task_up", task="teaching") == 0
                assert numbers("bot_task_restarts_total", task="teaching") >= 1
                assert numbers("bot_task_up", task="answering") == 1
                question = {"conversation": "c", "text": "music"}
                assert (await http.post("/api/messages", json=question)).status_code == 200

    @pytest.mark.server
    async def test_without_the_one_that_answers_it_is_not_ready(
        self, tmp_path: Path, small_content: Path
    ) -> None:
        failing = (
            "from bot.answering import worker\n"
            "async def fail(self, group): raise KeyError\n"
            "worker.Worker._start_next = fail\n"
        )
        async with RasaStandIn().serving() as rasa_url:
            settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content)}
            async with (
                running(tmp_path, settings, failing) as (_, url),
                httpx.AsyncClient(base_url=url) as http,
            ):
                ready = await http.get("/ready")
                assert (ready.status_code, ready.json()["wrong"]) == (503, ["answering"])


class Refusing(Channel):
    """A channel whose platform takes nothing."""

    name = "refusing"
    arrival = Arrival.AT_ONCE

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        raise Rejected("no")


async def test_what_a_platform_refuses_is_counted_by_its_reason(served_card: Card) -> None:
    with pytest.raises(Rejected):
        await MeteredChannel(Refusing()).send("somebody", 1, 0, served_card)
    labels = {"channel": "refusing", "reason": "rejected"}
    assert REGISTRY.get_sample_value("bot_sends_refused_total", labels) == 1


@pytest.fixture
def served_card() -> Card:
    return Card(kind="smalltalk", language="vi", text="Chào")  # type: ignore[arg-type]


class TestAlerts:
    """The rules for Prometheus."""

    rules: list[dict[str, object]] = data_in(ALERTS)["groups"][0]["rules"]

    def test_each_asks_for_numbers_that_there_are(self) -> None:
        there = {"up", "process_resident_memory_bytes"}
        for family in REGISTRY.collect():
            there |= {family.name, f"{family.name}_total", f"{family.name}_bucket", f"{family.name}_count"}
        for rule in self.rules:
            asked = set(re.findall(r"\b(?:bot|process|up)(?:_\w+)?\b(?!\")", str(rule["expr"])))
            assert asked, rule["alert"]
            assert asked <= there, rule["alert"]

    def test_each_label_that_is_asked_for_is_one_that_is_counted(self) -> None:
        counted = (ROOT / "bot" / "metrics.py").read_text("utf-8")
        for rule in self.rules:
            for value in re.findall(r"(?:kind|reason)=~?\"([^\"]+)\"", str(rule["expr"])):
                for name in value.split("|"):
                    assert re.search(rf"\b{name}\b", counted), rule["alert"]

    def test_each_says_how_urgent_it_is(self) -> None:
        assert {str(rule["labels"]) for rule in self.rules} == {
            "{'severity': 'page'}", "{'severity': 'ticket'}",
        }  # fmt: skip

    def test_for_each_the_operators_page_says_what_to_do(self) -> None:
        page = OPERATORS.read_text("utf-8")
        explained = re.findall(r"^### (\w+)$", page.split("## When an alert fires", 1)[1], re.MULTILINE)
        assert explained == [rule["alert"] for rule in self.rules]
