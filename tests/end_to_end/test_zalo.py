"""Conversations over Zalo's protocol, in both languages, with everything real but Zalo."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.runs import markdown
from bot.channels.zalo.render import written
from tests.conftest import ROOT
from tests.dialogues.play import Dialogue, Turn, dialogues
from tests.end_to_end.bot_process import BotProcess
from tests.stand_ins.serving import serving
from tests.stand_ins.zalo import APP_SECRET, OA_SECRET, Said, StandIn
from tests.stand_ins.zalo.server import settings

pytestmark = pytest.mark.rasa

TOKEN_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

MARKET = "culture.cai-rang-floating-market"

AT_A_TIME = 4
"""Dialogues that are played beside each other."""


class ZaloBot:
    """The bot with its Official Account, and its directory."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.process = BotProcess(directory, environment)
        self._directory = directory
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}

    async def command(self, *words: str, typed: str = "") -> str:
        """What `python -m bot ...` says; it must end well."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words,
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
        async with httpx.AsyncClient(base_url=self.process.url, trust_env=False) as http:
            return (await http.get("/ready")).json()["zalo"]


@pytest.fixture
async def zalo() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def bot(zalo: StandIn, rasa_server: str, tmp_path: Path) -> AsyncIterator[ZaloBot]:
    """The bot, authorised as an operator does it, running, with its webhook saved in the console."""
    async with serving(zalo.app()) as url:
        environment = {
            **settings(url, TOKEN_KEY),
            "RASA_URL": rasa_server,
            "CONTENT_DIR": str(ROOT / "content"),
            "WEB_RATE_LIMIT": "0",
        }
        bot = ZaloBot(tmp_path, environment)
        await bot.command("zalo", "login", typed=f"https://example.vn/?code={zalo.grant.consent()}\n")
        await bot.process.start()
        await zalo.webhook.save(f"{bot.process.url}/zalo/webhook")
        yield bot
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
        return said


class Played:
    """A dialogue played on the page and on Zalo, turn by turn."""

    def __init__(self, zalo: StandIn, http: httpx.AsyncClient, dialogue: Dialogue) -> None:
        self.differences: list[str] = []
        self._zalo = zalo
        self._http = http
        self._dialogue = dialogue
        self._person = zalo.person(dialogue.name)
        self._conversation = secrets.token_hex(16)
        self._payloads: dict[str, str] = {}

    async def play(self) -> None:
        for turn in self._dialogue.turns:
            if turn.button is None or turn.button in self._payloads:
                await self._turn(turn)

    async def _turn(self, turn: Turn) -> None:
        message = {"text": turn.user} if turn.user else {"button": self._payloads[str(turn.button)]}
        answer = await self._http.post("/api/messages", json={"conversation": self._conversation, **message})
        cards = answer.raise_for_status().json()["replies"]
        self._payloads = {b["label"]: b["payload"] for c in cards for b in c["buttons"] if b["payload"]}
        before = len(self._person.from_oa())
        if turn.user:
            self._person.says(turn.user)
        else:
            self._choose(str(turn.button))
        wanted = [plainly(text) for card in cards for text in (card["title"] or "", card["text"])]
        wanted += self._payloads  # every option, as a button or with a number

        def is_said() -> bool:
            new = self._person.from_oa()[before:]
            said = plainly(" ".join([*(s.text for s in new), *(x for s in new for x in s.labels())]))
            return all(plainly(part) in said for part in wanted)

        try:
            await self._zalo.until(is_said, 30)
        except TimeoutError:
            said = [(s.text, s.labels()) for s in self._person.from_oa()[before:]]
            self.differences.append(f"{self._dialogue.name}: {message}: the page {wanted}; Zalo {said}")

    def _choose(self, label: str) -> None:
        """Press the button, or send its number, as the last message that has the option shows it."""
        for said in reversed(self._person.from_oa()):
            if label in said.labels():
                self._person.presses(said, label)
                return
            if found := re.search(rf"(\d+)\. {re.escape(label)}", said.text):
                self._person.says(found[1])
                return


def plainly(text: str) -> str:
    """A text, Markdown or not, without what only divides it."""
    return " ".join(written(markdown(text)).split())


async def test_every_dialogue_says_on_zalo_what_it_says_on_the_page(zalo: StandIn, bot: ZaloBot) -> None:
    waiting = list(dialogues())
    differences: list[str] = []

    async def play(http: httpx.AsyncClient) -> None:
        while waiting:
            played = Played(zalo, http, waiting.pop())
            await played.play()
            differences.extend(played.differences)

    async with httpx.AsyncClient(base_url=bot.process.url, timeout=60, trust_env=False) as http:
        await asyncio.gather(*(play(http) for _ in range(AT_A_TIME)))
    assert differences == []
    assert {delivery.status for delivery in zalo.webhook.deliveries} == {200}
    assert (await bot.state())["state"] == "connected"


async def test_no_secret_and_nothing_that_people_write_reaches_a_log(zalo: StandIn, bot: ZaloBot) -> None:
    lan = Talk(zalo)
    await lan.say("một câu rất riêng tư")
    zalo.refuse(-216)
    await lan.say("một câu nữa, cũng riêng tư")
    assert zalo.grant.refreshes == 1
    assert await bot.process.stop() == 0
    log = str(bot.process.log)
    assert "answered" in log
    secrets_of_zalo = (APP_SECRET, OA_SECRET, TOKEN_KEY, zalo.grant._access[0], zalo.grant._refresh[0])
    for secret in (*secrets_of_zalo, "riêng tư", lan.person.id):
        assert secret not in log
