"""The editors' pages in a process of their own, and editors who use them in a browser."""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path

from bot.child import STOP_SECONDS
from stand_ins.serving import free_port
from tests.support import ROOT, forked
from tests.support.forked import Forked

START_SECONDS = 60


class EditorsProcess:
    """`python -m bot editors serve`, in a directory that keeps its data.

    first_link: the link that it printed, with which the first account begins.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.first_link = ""
        self._directory = directory
        self._environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json",
            "EDITORS_PORT": str(self.port), "EDITORS_KEY": "a key of the tests",
            "EDITORS_DATABASE_URL": f"sqlite:///{directory / 'editors.db'}", **settings,
        }  # fmt: skip
        self._process: Forked | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until it serves."""
        self._process = await forked.start(
            "bot", "editors", "serve",
            cwd=self._directory, env=self._environment, stdout=PIPE,
        )  # fmt: skip
        assert self._process.stdout
        async with asyncio.timeout(START_SECONDS):
            while True:
                line = (await self._process.stdout.readline()).decode()
                assert line, "the editors' pages have ended"
                if link := re.search(r"http\S+/invitation/\S+", line):
                    self.first_link = link[0]
                    break

    async def command(self, *arguments: str) -> str:
        """What a command of theirs prints: `invite`, `list`."""
        process = await forked.start(
            "bot", "editors", *arguments,
            cwd=self._directory, env=self._environment, stdout=PIPE,
        )  # fmt: skip
        printed, _ = await process.communicate()
        assert process.returncode == 0
        return printed.decode()

    async def stop(self) -> int:
        """Ask it to end; its exit status."""
        assert self._process
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(2 * STOP_SECONDS):
            return await self._process.wait()

    async def ensure_ended(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
