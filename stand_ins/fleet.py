"""Several bots and several Rasa sides over one PostgreSQL: real processes, to be killed and started again.

The first Rasa side is the trainer, which answers, too; the others follow it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import make_url

from stand_ins.postgres import Cluster
from stand_ins.serving import free_port

PROJECT = Path(__file__).resolve().parents[1]
TOKEN = "known-to-the-bots-and-Rasa-sides-of-a-fleet"
BACK_SECONDS = 240
"""A process that is not back after so long does not come back."""


@dataclass
class Member:
    """A process that can be killed and started again, at the same address.

    command: without the port. log: what it says, over all its lives. kills: how often it was killed.
    """

    name: str
    command: Sequence[str | Path]
    directory: Path
    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    kills: int = 0
    _process: Process | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Start it; it is back when `is_back` says so."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command, cwd=self.directory, env=dict(self.environment),
                stdin=PIPE, stdout=log, stderr=log,
            )  # fmt: skip

    async def kill(self) -> None:
        """SIGKILL, and see it end."""
        self.kills += 1
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Let it end in order, unless it has ended."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)
        if self._process:
            await self._process.wait()

    async def is_back(self, http: httpx.AsyncClient) -> bool:
        """Whether it does its work."""
        raise NotImplementedError

    async def until_back(self, http: httpx.AsyncClient) -> None:
        """Wait until it does its work. If it ends it is started again, as an orchestrator does: a bot ends
        if there is no database. Raises RuntimeError, with the end of its log."""
        try:
            async with asyncio.timeout(BACK_SECONDS):
                while True:
                    with suppress(httpx.TransportError):
                        if await self.is_back(http):
                            return
                    await asyncio.sleep(0.1)  # between two looks at a condition
                    if self._process and self._process.returncode is not None:
                        await self.start()
        except TimeoutError:
            end = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
            raise RuntimeError("\n".join([f"{self.name} does not come back:", *end])) from None


class BotMember(Member):
    """A bot."""

    async def is_back(self, http: httpx.AsyncClient) -> bool:
        """It serves; whether others do their part is not its business."""
        return (await http.get(f"{self.url}/health")).status_code == 200


class RasaMember(Member):
    """A Rasa side."""

    async def is_back(self, http: httpx.AsyncClient) -> bool:
        """It answers with the published model."""
        known = {"Authorization": f"Bearer {TOKEN}"}
        status = (await http.get(f"{self.url}/status", headers=known)).json()
        return status["model"] is not None and status["model"] == status["wanted"]


@dataclass
class Fleet:
    """All of them. http: to look at them."""

    bots: list[BotMember]
    runners: list[RasaMember]
    postgres: Cluster
    http: httpx.AsyncClient

    async def start(self) -> None:
        """The trainer first, then the bots, which teach it, then whoever follows it."""
        await self.runners[0].start()
        for bot in self.bots:
            await bot.start()
        for bot in self.bots:
            await bot.until_back(self.http)
        await self.runners[0].until_back(self.http)
        for runner in self.runners[1:]:
            await runner.start()
        for runner in self.runners[1:]:
            await runner.until_back(self.http)

    async def stop(self) -> None:
        """All of them, in order."""
        await asyncio.gather(*(member.stop() for member in (*self.bots, *self.runners)))


@asynccontextmanager
async def fleet(
    directory: Path,
    project: Path,
    content: Path,
    postgres: Cluster,
    *,
    bots: int,
    runners: int,
    bot: Sequence[str] = ("-m", "bot", "run"),
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Fleet]:
    """A fleet that is started, and stopped in the end.

    Args:
        directory: of logs and of each bot's own files.
        project: has `nlu/` and all that the Rasa side works with.
        content: the editors' directory.
        postgres: where it has two databases of its own.
        bots, runners: how many; the trainer is one of the runners.
        bot: how Python starts a bot.
        settings: of the bots, beside those that make them a fleet.
    """
    with postgres.database() as database, postgres.database() as conversations:
        path = {"PATH": os.environ["PATH"]}
        url = make_url(conversations).set(drivername="postgresql").render_as_string(hide_password=False)
        of_rasa = {**path, "RASA_TOKEN": TOKEN, "RASA_CONVERSATIONS": url}
        python = PROJECT / ".venv-rasa" / "bin" / "python"
        sides = []
        for number in range(runners):
            name, port = f"runner {number + 1}" if number else "trainer", free_port()
            command: list[str | Path] = [
                python,
                project / "nlu" / "server.py",
                "--child",
                "--port",
                str(port),
            ]
            command += ["--follow"] if number else []
            log = directory / f"rasa-{number}.log"
            sides.append(RasaMember(name, command, project, of_rasa, log, port))
        of_bots = {
            **path,
            "PYTHONPATH": str(PROJECT),
            "DATABASE_URL": database,
            "RASA_URL": ",".join(side.url for side in sides),
            "RASA_TOKEN": TOKEN,
            "SECRET_KEY": "the-same-for-all-bots-of-a-fleet",
            "CONTENT_DIR": str(content),
            "WEB_RATE_LIMIT": "0",
            "LOG_FORMAT": "json",
            **(settings or {}),
        }
        made = []
        for number in range(bots):
            home, port = directory / f"bot-{number}", free_port()
            home.mkdir()
            environment = {**of_bots, "PORT": str(port)}
            log = directory / f"bot-{number}.log"
            made.append(BotMember(f"bot {number + 1}", [sys.executable, *bot], home, environment, log, port))
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            started = Fleet(made, sides, postgres, http)
            try:
                await started.start()
                yield started
            finally:
                await started.stop()
