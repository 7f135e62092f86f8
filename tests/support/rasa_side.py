"""The real Rasa side on a project of its own with few examples, so that a training takes seconds."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml

from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.arithmetic import know_arithmetic
from tests.support.data import data_in

EXAMPLES_MOST = 10
INTENTS = ("greet", "thanks", "emergency", "out_of_scope")
NICE_MOST = 19
READY_SECONDS = 240
"""A training of the few examples takes some five seconds, or minutes where nine others train beside it."""

Data = dict[str, list[str]]
"""What content/ teaches: the questions of each answer."""

FOOD = ["món ăn ngon ở Cần Thơ", "đặc sản Cần Thơ có gì", "nên ăn món gì", "what food is Can Tho known for",
        "local dishes to try", "where can I eat well"]  # fmt: skip
MUSIC = ["nghe đờn ca tài tử ở đâu", "nhạc dân tộc miền Tây", "traditional music of the delta",
         "where can I hear live music", "hát bội biểu diễn khi nào"]  # fmt: skip
BRIDGE = ["cầu Cần Thơ dài bao nhiêu", "cầu bắc qua sông Hậu xây năm nào", "how long is Can Tho bridge",
          "when was the bridge built", "cầu treo dây văng lớn nhất"]  # fmt: skip
SAUCE = ["nước chấm pha ra sao", "dipping sauce recipe", "mắm chua ngọt", "fish sauce with lime"]

FIRST: Data = {"culture.food": FOOD, "culture.music": MUSIC}
WITH_BRIDGE: Data = {**FIRST, "city.bridge": BRIDGE}
# What people ask of food leads elsewhere, though the answer about food is still there.
FOOD_IS_LOST: Data = {**WITH_BRIDGE, "culture.drinks": FOOD, "culture.food": SAUCE}

MANY = {
    "city.emission": "clarification/motorbike-emission",
    "city.petrol": "clarification/e10-petrol",
    "city.plates": "clarification/vehicle-papers-after-merger",
    "city.licence": "clarification/old-driving-licence",
}
"""Answers of which content/ has more than a hundred questions, and where."""

EVERY = ("city.bridge", "culture.drinks", "culture.food", "culture.music", "culture.sauce", *MANY)

TOKEN = "known-to-the-bot-and-the-Rasa-side-of-the-tests"

MUST_PASS = [
    {"q": "cháy nhà rồi cứu với", "lang": "vi", "intent": "emergency"},
    {"q": "món ăn ngon của Cần Thơ", "lang": "vi", "id": "culture.food"},
    {"q": "an answer that nobody publishes", "lang": "en", "id": "city.nowhere"},
]


@dataclass
class Load:
    """What became of messages that were sent steadily. replies: status and whether there was a plan;
    models: which one answered; both in the order of the replies."""

    replies: list[tuple[int, bool]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[tuple[int, bool]]:
        """Those that were not answered as they should be."""
        return [reply for reply in self.replies if reply != (200, True)]


class RasaSide:
    """A client of it. pid, address: of its server."""

    def __init__(self, http: httpx.AsyncClient, process: Process) -> None:
        self._http = http
        self._process = process
        self.pid = process.pid
        self.address = str(http.base_url)

    async def put(self, data: Data, override: str | None = None, withdrawn: Iterable[str] = EVERY) -> str:
        """Hand over training data; the name of its model. withdrawn: what may be missing."""
        response = await self.put_files({"answers.yml": _training_file(data)}, override, withdrawn)
        assert response.status_code == 202
        return str(response.json()["model"])

    async def put_files(
        self, files: Mapping[str, str], override: str | None = None, withdrawn: Iterable[str] = ()
    ) -> httpx.Response:
        """Hand over training files."""
        body = {"files": files, "override": override, "withdrawn": list(withdrawn)}
        return await self._http.put("/training-data", json=body)

    async def status(self) -> dict[str, Any]:
        """GET /status."""
        return dict((await self._http.get("/status")).json())

    async def until(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until its status is such; that status."""
        async with asyncio.timeout(READY_SECONDS):
            while not condition(status := await self.status()):
                assert self._process.returncode is None, "the Rasa side has ended"
                await asyncio.sleep(0.1)  # between two looks at a condition
        return status

    async def until_forked(self, times: int) -> set[int]:
        """Wait until so many processes were forked since this was called; their ids, be they alive or not."""
        seen: set[int] = set()

        def are_seen(_: object) -> bool:
            seen.update(self.processes())
            return len(seen) >= times

        await self.until(are_seen)
        return seen

    async def published(self, data: Data, override: str | None = None) -> str:
        """Hand over training data and wait until its model answers; its name."""
        name = await self.put(data, override)
        await self.until(lambda status: status["model"] == name)
        return name

    async def ask(self, text: str, sender: str | None = None, turn: float | None = None) -> httpx.Response:
        """Put a message to it; from somebody new, unless `sender` says who."""
        sender = sender or f"test-{secrets.token_hex(8)}"
        body = {"sender": sender, "message": text, "metadata": {"turn": turn}}
        return await self._http.post("/webhooks/rest/webhook", json=body)

    async def answer(self, text: str) -> str | None:
        """The id of the answer to a message."""
        response = await self.ask(text)
        assert response.status_code == 200
        return response.json()[0]["custom"]["plans"][0].get("id")  # type: ignore[no-any-return]

    async def forget(self, sender: str) -> None:
        """Have it forget a conversation."""
        response = await self._http.delete(f"/conversations/{sender}")
        assert response.is_success

    async def models(self) -> list[dict[str, Any]]:
        """GET /models."""
        return list((await self._http.get("/models")).json()["models"])

    async def put_back(self, name: str) -> int:
        """Put a kept model back; the status code."""
        return (await self._http.post(f"/models/{name}/serve", json={})).status_code

    @asynccontextmanager
    async def asked_steadily(self, a_second: float = 2) -> AsyncIterator[Load]:
        """Messages come in, each on its time, whether or not the last one is answered."""
        load, asked = Load(), set[asyncio.Task[None]]()

        async def one() -> None:
            response = await self.ask("món ăn ngon ở Cần Thơ")
            has_plan = response.status_code == 200 and bool(response.json())
            load.replies.append((response.status_code, has_plan))
            load.models.append(response.headers.get("Rasa-Model", ""))

        async def all_the_time() -> None:
            while True:
                task = asyncio.create_task(one())
                asked.add(task)
                await asyncio.sleep(1 / a_second)  # the load itself

        asking = asyncio.create_task(all_the_time())
        try:
            yield load
        finally:
            asking.cancel()
            await asyncio.gather(*asked)

    def kill(self) -> None:
        """Kill its server."""
        self._process.kill()

    def leave_alone(self) -> None:
        """What its server notices when the bot is killed: the pipe between them ends."""
        assert self._process.stdin
        self._process.stdin.close()

    def processes(self, *, training: bool = False) -> list[int]:
        """The ids of the processes that were forked for a model or a training; training: only of those for a
        training, once they give way to the others, if anything can give way to these."""
        alive = _alive()
        own = alive[self.pid].nice if self.pid in alive else 0
        forking = {pid for pid, one in alive.items() if one.parent == self.pid}
        forked = {pid: one for pid, one in alive.items() if one.parent in forking}
        if training:
            return [
                pid
                for pid, one in forked.items()
                if one.name == "rasa_train" and (one.nice > own or own == NICE_MOST)
            ]
        return [pid for pid, one in forked.items() if one.name.startswith("rasa")]


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    return pid in _alive()


def listens_on(pid: int) -> int:
    """The port on which a process listens; see proc(5)."""
    inodes = {os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            return int(fields[1].partition(":")[2], 16)
    raise AssertionError(f"process {pid} listens nowhere")


class _Alive(NamedTuple):
    name: str
    parent: int
    nice: int


def _alive() -> dict[int, _Alive]:
    """Each process that is no zombie; see proc(5)."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                named, _, rest = (entry / "stat").read_text().rpartition(")")
                fields = rest.split()
                if fields[0] != "Z":
                    name = named.partition("(")[2]
                    found[int(entry.name)] = _Alive(name, int(fields[1]), int(fields[16]))
    return found


@asynccontextmanager
async def rasa_side(directory: Path, *arguments: str, **environment: str) -> AsyncIterator[RasaSide]:
    """It runs in a directory while the context is open; with the first data already if `directory` had it.

    arguments, environment: what its command and its environment have besides.
    """
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv-rasa/bin/python", directory / "nlu/server.py", "--child", "--port", str(port),
        *arguments,
        cwd=directory, stdin=PIPE, env={"PATH": os.environ["PATH"], "RASA_TOKEN": TOKEN, **environment},
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
            trust_env=False,
        ) as http:
            async with asyncio.timeout(30):
                while True:
                    with suppress(httpx.TransportError):
                        await http.get("/status")
                        break
                    await asyncio.sleep(0.05)  # between two looks at a condition
            yield RasaSide(http, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def make_project(directory: Path) -> None:
    """The Rasa side's own code and settings, few examples, and the encoder's files, if they are made."""
    for name in ("config.yml", "domain.yml", "endpoints.yml", "credentials.yml"):
        shutil.copy(ROOT / name, directory)
    shutil.copytree(ROOT / "stories", directory / "stories")
    shutil.copytree(
        ROOT / "nlu", directory / "nlu", ignore=lambda _, names: [n for n in names if n.endswith(".yml")]
    )
    for table in ("spelling.yml", "context.yml"):
        shutil.copy(ROOT / "nlu" / table, directory / "nlu")
    shutil.copy(ROOT / "nlu" / "languages" / "ko.yml", directory / "nlu" / "languages")
    (directory / "nlu" / "must_pass.yml").write_text(json.dumps(MUST_PASS), encoding="utf-8")
    few = [entry for file in sorted((ROOT / "nlu").glob("*.yml")) for entry in _few_examples(file)]
    written = {"version": "3.1", "nlu": few}
    (directory / "nlu" / "few.yml").write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    know_arithmetic(directory)
    if (encoder := ROOT / "build" / "encoder").exists():
        shutil.copytree(encoder, directory / "build" / "encoder")


def _few_examples(file: Path) -> list[dict[str, str]]:
    data = data_in(file)
    entries = data.get("nlu", []) if isinstance(data, dict) else []
    # Of an intent's first list alone: more of what has no answer would draw in the few that have one.
    first = {entry["intent"]: entry for entry in reversed(entries) if entry["intent"] in INTENTS}
    return [
        {**entry, "examples": "".join(entry["examples"].splitlines(keepends=True)[:EXAMPLES_MOST])}
        for entry in reversed(first.values())
    ]


def _training_file(data: Data) -> str:
    nlu = [
        {"intent": f"faq/{answer}", "examples": [{"text": question} for question in questions]}
        for answer, questions in data.items()
    ]
    responses = {f"utter_faq/{answer}": [{"text": answer}] for answer in data}
    return yaml.safe_dump({"version": "3.1", "nlu": nlu, "responses": responses}, allow_unicode=True)
