"""The whole service in a process of its own, which can be killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.content.library import Library
from bot.rasa.training_set import training_files
from stand_ins.serving import free_port
from stand_ins.telegram import TOKEN
from tests.support import ROOT, forked
from tests.support.arithmetic import know_arithmetic
from tests.support.forked import Forked
from tests.support.shared import alone

START_SECONDS = 30

RASA_TOKEN = "known-to-the-bots-and-Rasa-sides-of-the-tests"


class BotProcess:
    """`python -m bot run`, in a directory that keeps its data over restarts.

    log: what it logged, over all its lives.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.log: list[dict[str, Any]] = []
        self._directory = directory
        self._settings = {"PORT": str(self.port), "RASA_TOKEN": RASA_TOKEN, **settings}
        self._process: Forked | None = None
        self._reading: asyncio.Task[None] | None = None
        self._born = 0
        self._logged = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it serves; the same in each of its lives."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, **settings: str) -> None:
        """Start it, and wait until it serves."""
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json"}
        self._process = await forked.start(
            "bot", "run",
            cwd=self._directory, env={**environment, **self._settings, **settings}, stderr=PIPE,
        )  # fmt: skip
        self._born = len(self.log)
        self._reading = asyncio.create_task(self._read(self._process))
        await self.until_logged("serving", START_SECONDS)

    async def until_logged(self, event: str, seconds: float = 30, since: int | None = None) -> None:
        """Wait until it has logged something in this life, or since there were so many entries.

        Raises:
            TimeoutError: it did not.
        """
        begin = self._born if since is None else since
        async with asyncio.timeout(seconds):
            while not any(entry["event"] == event for entry in self.log[begin:]):
                await self._logged.wait()

    async def _read(self, process: Forked) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            if not line.startswith(b"{") and "RASA_URL" not in self._settings:
                sys.stderr.write(line.decode())  # of the Rasa side that it started
                continue
            assert line.startswith(b"{"), f"it says what is no line of the log: {line!r}"
            self.log.append(json.loads(line))
            self._logged.set()
            self._logged = asyncio.Event()

    async def kill(self) -> None:
        """End it at once, with no chance to put anything in order."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end; its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        await self._process.wait()
        await self._reading
        return self._process.returncode or 0

    async def ensure_ended(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self._process and self._process.returncode is None:
            await self.kill()


def telegram_settings(telegram_url: str, rasa_url: str) -> dict[str, str]:
    """What the bot needs to be on Telegram, which is at an address, with the city's content/."""
    return {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram_url,
        "RASA_URL": rasa_url,
        "CONTENT_DIR": str(ROOT / "content"),
    }


def descendants(pid: int, name: str) -> list[int]:
    """The processes below one that bear a name. Linux only, as the kill tests are."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                status = (directory / "stat").read_text()
            except OSError:  # it has just ended
                continue
            # The name in parentheses may itself hold spaces and parentheses; see proc(5).
            before, _, after = status.rpartition(")")
            names[int(directory.name)] = before.partition("(")[2]
            parents[int(directory.name)] = int(after.split()[1])

    def is_below(child: int) -> bool:
        while child in parents:
            child = parents[child]
            if child == pid:
                return True
        return False

    return [child for child, found in names.items() if found == name and is_below(child)]


def copy_project(directory: Path, *, models: bool = True) -> None:
    """A directory with all that `python -m bot run` needs, in which content/ may be changed and models
    made; the models, the encoder and sentence vectors that are there already come along."""
    (directory / ".venv-rasa").symlink_to((ROOT / ".venv-rasa").resolve())
    for name in ("content", "nlu", "stories", "tests/nlu", "build/encoder", *(["models"] if models else [])):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, directory / name)
    for name in (
        "config.yml",
        "domain.yml",
        "endpoints.yml",
        "credentials.yml",
        "build/vectors.sqlite3",
    ):
        if (ROOT / name).exists():
            (directory / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, directory / name)
    know_arithmetic(directory)


RASA_READY_SECONDS = 3600
"""From an empty cache of sentence vectors, a training took ten minutes on two slow cores, beside other tests
twice as long, and with the numeric library at its plainest over half an hour."""


@asynccontextmanager
async def rasa_side(library: Library, port: int, **settings: str) -> AsyncIterator[Process]:
    """The real Rasa side, answering with the model of content/; its process."""
    process = await _started(port, PIPE, settings)
    try:
        await _answers(library, port, process)
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def shared_rasa_side(library: Library, directory: Path) -> AsyncIterator[int]:
    """The one that all workers of a run share, which the first of them starts; its port.

    Its stdin is a named pipe that each of them holds open: it ends with the last of them, however that ends.
    """
    process = None
    async with alone(directory, "rasa") as pipe:
        port_file = directory / "rasa.port"
        try:
            held = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # there is none, or nobody reads it
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
            stdin = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            held = os.open(pipe, os.O_WRONLY)
            port_file.write_text(str(free_port()))
            process = await _started(int(port_file.read_text()), stdin, {})
            os.close(stdin)
        port = int(port_file.read_text())
        try:
            await _answers(library, port, process)
        except BaseException:
            os.close(held)
            raise
    try:
        yield port
    finally:
        os.close(held)
        if process:
            await process.wait()


async def _started(port: int, stdin: int, settings: Mapping[str, str]) -> Process:
    python = ROOT / ".venv-rasa" / "bin" / "python"
    if not python.exists():
        pytest.fail("The Rasa side's environment is missing: run `make environments`.")
    return await asyncio.create_subprocess_exec(
        str(python), "nlu/server.py", "--port", str(port), "--child",
        cwd=ROOT, stdin=stdin, env={**os.environ, "RASA_TOKEN": RASA_TOKEN, **settings},
    )  # fmt: skip


async def _answers(library: Library, port: int, process: Process | None) -> None:
    """Wait until it answers with the model of content/, which it may have to train. process: if
    it is ours."""
    address, known = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {RASA_TOKEN}"}
    async with httpx.AsyncClient(base_url=address, headers=known, timeout=30, trust_env=False) as http:
        async with asyncio.timeout(RASA_READY_SECONDS):
            wanted = await _taught(http, {"files": training_files(library)})
            while await _model(http, wanted) != wanted:
                assert process is None or process.returncode is None, "the Rasa side has ended"
                await asyncio.sleep(0.1)  # between two looks at a condition


async def _taught(http: httpx.AsyncClient, data: dict[str, object]) -> str:
    """Hand over training data once it listens; the name of its model."""
    while True:
        try:
            answer = await http.put("/training-data", json=data)
        except httpx.TransportError:
            await asyncio.sleep(0.1)  # between two looks at a condition
        else:
            answer.raise_for_status()
            return str(answer.json()["model"])


async def _model(http: httpx.AsyncClient, wanted: str) -> str | None:
    """The model that is live, unless there will be no other."""
    status = (await http.get("/status")).json()
    for ended in ("failed", "refused"):
        assert not status[ended] or status[ended]["model"] != wanted, status[ended]
    model: str | None = status["model"]
    return model
