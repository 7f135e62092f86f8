"""The dialogues on Zalo's Bot Platform, where numbers pick, with everything real but the platform."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stand_ins.serving import serving
from stand_ins.zalo_bot import TOKEN, StandIn
from stand_ins.zalo_bot.server import Person
from tests.support import ROOT
from tests.support.bot_process import BotProcess
from tests.support.dialogues import Act, Outcome, Turn, play_elsewhere, telling
from tests.support.soak import seconds

pytestmark = pytest.mark.rasa


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
        }
        process = BotProcess(tmp_path, settings)
        await process.start(PUBLIC_URL=process.url)
        yield process
        await process.ensure_ended()
        await platform.close()


@pytest.mark.soak
async def test_dialogues_say_there_what_they_say_on_the_page(
    platform: StandIn, bot: BotProcess, page_dialogues: list[list[Outcome]]
) -> None:
    def somebody(name: str) -> Act:
        person = platform.person(name)

        def act(turn: Turn) -> Callable[[], list[str]]:
            before = len(person.messages)
            person.says(_number_of(person, turn.button) if turn.button else str(turn.user))
            return lambda: person.messages[before:]

        return act

    played = page_dialogues if seconds(0) else telling(page_dialogues)
    assert await play_elsewhere(played, platform, somebody) == []


def _number_of(person: Person, label: str) -> str:
    """The number that the last message shows that has the option."""
    found = (re.search(rf"(\d+)\. {re.escape(label)}", said) for said in reversed(person.messages))
    return next(match[1] for match in found if match)
