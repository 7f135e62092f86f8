"""The dialogues on Zalo's Bot Platform, where numbers pick, with everything real but the platform."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from stand_ins.serving import serving
from stand_ins.zalo_bot import TOKEN, StandIn
from tests.support import ROOT
from tests.support.bot_process import BotProcess
from tests.support.dialogues import Dialogue, Turn, dialogues, plainly

pytestmark = pytest.mark.rasa

AT_A_TIME = 4
"""Dialogues that are played beside each other."""


@pytest.fixture
async def platform() -> AsyncIterator[StandIn]:
    """The platform, with as many messages a month as the dialogues need."""
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def bot(platform: StandIn, rasa_server: str, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot, called by the platform."""
    async with serving(platform.app()) as url:
        settings = {
            "ZALO_BOT_TOKEN": TOKEN,
            "ZALO_BOT_API_URL": url,
            "RASA_URL": rasa_server,
            "CONTENT_DIR": str(ROOT / "content"),
            "WEB_RATE_LIMIT": "0",
        }
        process = BotProcess(tmp_path, settings)
        await process.start(PUBLIC_URL=process.url)
        yield process
        await process.ensure_ended()
        await platform.close()


class Played:
    """A dialogue played on the page and on the platform, turn by turn."""

    def __init__(self, platform: StandIn, http: httpx.AsyncClient, dialogue: Dialogue) -> None:
        self.differences: list[str] = []
        self._platform = platform
        self._http = http
        self._dialogue = dialogue
        self._person = platform.person(dialogue.name)
        self._conversation = secrets.token_hex(16)
        self._payloads: dict[str, str] = {}

    async def play(self) -> None:
        for turn in self._dialogue.turns:
            if turn.button is None or turn.button in self._payloads:
                await self._turn(turn)

    async def _turn(self, turn: Turn) -> None:
        label = turn.button or self._numbered(str(turn.user))
        message = {"button": self._payloads[label]} if label else {"text": str(turn.user)}
        answer = await self._http.post("/api/messages", json={"conversation": self._conversation, **message})
        cards = answer.raise_for_status().json()["replies"]
        typed = self._number_of(turn.button) if turn.button else str(turn.user)
        self._payloads = {b["label"]: b["payload"] for c in cards for b in c["buttons"] if b["payload"]}
        before = len(self._person.messages)
        self._person.says(typed)
        wanted = [plainly(text) for card in cards for text in (card["title"] or "", card["text"])]
        wanted += self._payloads

        def is_said() -> bool:
            said = plainly(" ".join(self._person.messages[before:]))
            return all(plainly(part) in said for part in wanted)

        try:
            await self._platform.until(is_said, 30)
        except TimeoutError:
            said = self._person.messages[before:]
            self.differences.append(f"{self._dialogue.name}: {message}: the page {wanted}; Zalo {said}")

    def _numbered(self, text: str) -> str | None:
        """The option that a number stands for, where the last message shows it with that number."""
        last = self._person.messages[-1:]
        shown = (label for label in self._payloads for said in last if f"{text}. {label}" in said)
        return next(shown, None) if text.isdecimal() else None

    def _number_of(self, label: str) -> str:
        """The number that the last message shows that has the option."""
        found = (re.search(rf"(\d+)\. {re.escape(label)}", said) for said in self._person.messages[::-1])
        return next(match[1] for match in found if match)


async def test_every_dialogue_says_there_what_it_says_on_the_page(platform: StandIn, bot: BotProcess) -> None:
    waiting = list(dialogues())
    differences: list[str] = []

    async def play(http: httpx.AsyncClient) -> None:
        while waiting:
            played = Played(platform, http, waiting.pop())
            await played.play()
            differences.extend(played.differences)

    async with httpx.AsyncClient(base_url=bot.url, timeout=60, trust_env=False) as http:
        await asyncio.gather(*(play(http) for _ in range(AT_A_TIME)))
    assert not differences, "\n".join(differences)
