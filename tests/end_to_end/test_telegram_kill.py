"""The bot or Rasa dies in the middle of a thousand updates from a hundred chats: none is lost."""

from __future__ import annotations

import os
import random
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from bot.content.library import Library
from bot.domain import payload
from bot.domain.language import Language
from stand_ins.serving import free_port
from stand_ins.telegram import Person, StandIn
from tests.support.bot_process import BotProcess, descendants, telegram_settings
from tests.support.city_rasa import city_rasa

pytestmark = pytest.mark.rasa

CHATS, MESSAGES = 100, 10
IN_HAND = 8
"""Chats that the worker has in hand at a time; each may repeat a card after a kill."""

RASA = "rasa_serve"


@pytest.fixture(scope="module")
async def rasa(library: Library) -> AsyncIterator[tuple[str, Process]]:
    """A Rasa side of this file's own, which it may kill, and its process."""
    port = free_port()
    async with city_rasa(library, port) as process:
        yield f"http://127.0.0.1:{port}", process


@pytest.fixture(params=["polling", "webhook"])
async def started(
    request: pytest.FixtureRequest, telegram_url: str, rasa: tuple[str, Process], tmp_path: Path
) -> AsyncIterator[BotProcess]:
    """The bot, connected to Telegram in both ways that there are."""
    bot = BotProcess(tmp_path, telegram_settings(telegram_url, rasa[0]))
    await bot.start(**({"PUBLIC_URL": bot.url} if request.param == "webhook" else {}))
    yield bot
    await bot.ensure_ended()


@pytest.mark.usefixtures("rasa_server")  # sees to it that there is the model
async def test_no_update_is_lost_repeated_or_out_of_order(
    started: BotProcess, telegram: StandIn, library: Library, rasa: tuple[str, Process]
) -> None:
    chance = random.Random(1)
    people = [telegram.person(f"Person {n}", chance.choice(["vi", "en"])) for n in range(CHATS)]
    answers = [answer.id for topic in ("culture", "city") for answer in library.of_topic(topic)]
    asked = {person.id: chance.sample(answers, MESSAGES) for person in people}

    def answered() -> int:
        return sum(len(person.chat.from_bot()) for person in people)

    async def kill_bot() -> None:
        await started.kill()
        await started.start(**({"PUBLIC_URL": started.url} if telegram.webhook else {}))

    def ask(rounds: range) -> None:
        for number in rounds:
            for person in people:
                _ask(telegram, person, asked[person.id][number], by_button=bool(number % 2))

    ask(range(MESSAGES // 2))
    await telegram.until(lambda: len(telegram.delivered) >= 100, 60)  # while updates come in
    assert telegram.unacknowledged
    await kill_bot()
    await telegram.until(lambda: answered() >= 150, 60)  # while replies go out
    ask(range(MESSAGES // 2, MESSAGES))
    await kill_bot()
    await telegram.until(lambda: answered() >= 450, 60)
    killed = _kill_rasa(rasa[1])
    await telegram.until(lambda: answered() >= 700, 120)
    await kill_bot()
    await telegram.until(lambda: answered() >= CHATS * MESSAGES and not telegram.unacknowledged, 120)
    with suppress(TimeoutError):  # below it is told what is missing
        await telegram.until(
            lambda: all(_is_complete(person, asked[person.id], library) for person in people), 60
        )
    assert await started.stop() == 0
    assert killed, "no Rasa process was found to kill"

    trouble = [entry for entry in started.log if entry["level"] in {"warning", "error"}]
    repeats = 0
    for person in people:
        titles = _titles(person)
        heard = [title for title, _ in groupby(titles)]
        assert heard == _expected(person, asked[person.id], library), trouble
        repeats += len(titles) - len(heard)
    print(f"{repeats} cards came twice")  # shown by pytest -rP
    assert repeats <= 3 * IN_HAND


def _ask(telegram: StandIn, person: Person, answer_id: str, *, by_button: bool) -> None:
    """A question with one right answer, as a deep link or as a pressed button."""
    if by_button:
        menu: dict[str, Any] = {"message_id": 1, "date": 0, "chat": person.chat.as_json()}
        person.sends_callback(menu, payload.for_answer(answer_id))
    else:
        person.says(f"/start {answer_id.replace('.', '_')}")


def _kill_rasa(side: Process) -> list[int]:
    """SIGKILL every Rasa process of a Rasa side, which starts it again."""
    pids = descendants(side.pid, RASA)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return pids


def _titles(person: Person) -> list[str]:
    said = (message["text"] for message in person.chat.from_bot() if "photo" not in message)
    return [text.partition("\n")[0] for text in said]


def _expected(person: Person, asked: list[str], library: Library) -> list[str]:
    language = Language(person.language or "vi")
    return [library.answers[answer_id][language].title for answer_id in asked]


def _is_complete(person: Person, asked: list[str], library: Library) -> bool:
    return [title for title, _ in groupby(_titles(person))] == _expected(person, asked, library)
