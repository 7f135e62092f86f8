"""The bot as an Official Account, in a process of its own, and people who talk with it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.channels.zalo import login
from stand_ins.serving import serving
from stand_ins.zalo import Said, StandIn
from stand_ins.zalo.server import settings
from tests.support import ROOT, forked
from tests.support.bot_process import BotProcess

TOKEN_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


class ZaloBot:
    """The bot with its Official Account, and its directory. zalo_url: where it reaches Zalo."""

    def __init__(self, zalo: StandIn, directory: Path, environment: dict[str, str]) -> None:
        self.process = BotProcess(directory, environment)
        self.zalo_url = environment["ZALO_API_URL"]
        self._zalo = zalo
        self._directory = directory
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}

    async def authorise(self) -> None:
        """What `log_in` comes to, without a process for it."""
        values = {name.lower(): value for name, value in self._environment.items()}
        database = f"sqlite:///{self._directory}/data/bot.db"
        settings = login.LoginSettings(**{"database_url": database, **values})  # type: ignore[arg-type]
        await login.by_code(settings, login.read_consent(self._zalo.grant.consent()), login.new_state())

    async def log_in(self) -> None:
        """Let the account's administrator consent, and the operator paste where they were taken."""
        await self.command("zalo", "login", typed=f"https://example.vn/?code={self._zalo.grant.consent()}\n")

    async def command(self, *words: str, typed: str = "") -> str:
        """What `python -m bot ...` says; it must end well."""
        process = await forked.start(
            "bot", *words,
            cwd=self._directory, env=self._environment, stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        said, _ = await process.communicate(typed.encode())
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def until(self, line: str) -> None:
        """Wait until the list of questions says something."""
        async with asyncio.timeout(30):
            while line not in await self.command("questions", "--all"):
                pass

    async def state(self) -> Any:
        """What /ready says of Zalo."""
        async with httpx.AsyncClient(base_url=self.process.url, trust_env=False) as http:
            return (await http.get("/ready")).json()["zalo"]

    def execute(self, statement: str) -> None:
        """Do something to its database behind its back."""
        with sqlite3.connect(self._directory / "data" / "bot.db", timeout=10) as connection:
            connection.execute(statement)
        connection.close()


@asynccontextmanager
async def zalo_bot(zalo: StandIn, rasa_url: str, directory: Path) -> AsyncIterator[ZaloBot]:
    """The bot, authorised, running, with its webhook saved in the console."""
    async with serving(zalo.app()) as url:
        environment = {
            **settings(url, TOKEN_KEY),
            "RASA_URL": rasa_url,
            "CONTENT_DIR": str(ROOT / "content"),
            "WEB_RATE_LIMIT": "0",
        }
        bot = ZaloBot(zalo, directory, environment)
        await bot.authorise()
        await bot.process.start()
        await zalo.webhook.save(f"{bot.process.url}/zalo/webhook")
        try:
            yield bot
        finally:
            await zalo.webhook.stop()
            await bot.process.ensure_ended()
            await zalo.close()


class Talk:
    """A person's chat: each act waits for what the bot says to it."""

    def __init__(self, zalo: StandIn, name: str = "Lan") -> None:
        self.person = zalo.person(name)
        self._zalo = zalo
        self._heard = 0

    async def say(self, text: str) -> Said:
        self.person.says(text)
        return await self.hear()

    async def press(self, said: Said, label: str) -> Said:
        self.person.presses(said, label)
        return await self.hear()

    async def hear(self) -> Said:
        said = await self._zalo.reply(self.person, self._heard, seconds=30)
        self._heard += 1
        # A picture goes before the words that it belongs to.
        return await self.hear() if said.image else said
