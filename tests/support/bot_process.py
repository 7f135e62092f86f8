"""The whole service in a process of its own, which can be killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.child import STOP_SECONDS
from stand_ins.serving import free_port
from stand_ins.telegram import TOKEN
from tests.support import ROOT, forked
from tests.support.arithmetic import know_arithmetic
from tests.support.city_rasa import RASA_TOKEN
from tests.support.forked import Forked

START_SECONDS = 30


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
        try:
            await self.until_logged("serving", START_SECONDS)
        except BaseException:  # whoever starts it has nothing to end
            await self.ensure_ended()
            raise

    async def until_logged(self, event: str, seconds: float = 30, since: int | None = None) -> None:
        """Wait until it has logged something in this life, or since there were so many entries.

        Raises:
            TimeoutError: it did not.
            AssertionError: it has ended without; with what it said.
        """
        begin = self._born if since is None else since
        assert self._reading is not None
        async with asyncio.timeout(seconds):
            while not any(entry["event"] == event for entry in self.log[begin:]):
                if self._reading.done():
                    self._reading.result()  # or what it said that is no line of the log
                    raise AssertionError(f"it has ended, and not said {event!r}: {self.log[begin:]}")
                logged = asyncio.ensure_future(self._logged.wait())
                try:
                    await asyncio.wait({logged, self._reading}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    logged.cancel()

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
        try:
            async with asyncio.timeout(2 * STOP_SECONDS):
                await self._process.wait()
        finally:
            self._process.kill()
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
