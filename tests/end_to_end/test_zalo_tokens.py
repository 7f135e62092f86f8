"""The tokens in the running service: they end, or it dies while it renews them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stand_ins.zalo import StandIn
from tests.support.zalo_bot import Talk, ZaloBot, zalo_bot

pytestmark = pytest.mark.rasa

HELLO, THANKS = "xin chào", "cảm ơn"

FULL = (
    "CREATE TRIGGER full BEFORE UPDATE OF access_token ON zalo_account BEGIN SELECT RAISE(FAIL, 'full'); END"
)
NOT_FULL = "DROP TRIGGER full"
LONG_AGO = "UPDATE zalo_account SET renewing_since = datetime(renewing_since, '-2 minutes')"


@pytest.fixture
async def zalo() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def bot(zalo: StandIn, rasa_server: str, tmp_path: Path) -> AsyncIterator[ZaloBot]:
    async with zalo_bot(zalo, rasa_server, tmp_path) as bot:
        yield bot


async def test_an_access_token_that_ends_in_mid_conversation_is_renewed_once_for_everybody(
    zalo: StandIn, bot: ZaloBot
) -> None:
    talks = [Talk(zalo, name) for name in ("Lan", "Hoa", "Minh", "Emma")]
    await asyncio.gather(*(talk.say(HELLO) for talk in talks))
    zalo.grant.expire()
    await asyncio.gather(*(talk.say(THANKS) for talk in talks))
    assert zalo.grant.refreshes == 1
    assert [len(talk.person.from_oa()) for talk in talks] == [2, 2, 2, 2]
    assert (await bot.state())["state"] == "connected"


async def test_a_kill_between_zalos_answer_and_the_save_is_told_with_the_way_out_which_mends_it(
    zalo: StandIn, bot: ZaloBot
) -> None:
    lan = Talk(zalo)
    await lan.say(HELLO)
    bot.execute(FULL)
    zalo.grant.expire()
    lan.person.says(THANKS)
    await bot.process.until_logged("zalo_tokens_not_saved")  # so Zalo's answer is there
    await bot.process.kill()
    assert zalo.grant.refreshes == 1

    bot.execute(NOT_FULL)
    bot.execute(LONG_AGO)  # until then, whoever renews them may still be at it
    await bot.process.start()
    await bot.process.until_logged("zalo_grant_is_dead")
    state = (await bot.state())["state"]
    assert "was cut short after Zalo had answered" in state
    assert "`python -m bot zalo login`" in state

    await bot.log_in()
    assert (await bot.state())["state"] == "connected"
    lan.person.says(HELLO)
    await zalo.until(lambda: len(lan.person.from_oa()) >= 3, 60)
    said = [message.text for message in lan.person.from_oa()]
    assert any("Không có chi" in text for text in said[1:]), "what was thanked for is still answered"


async def test_a_revoked_permission_is_told_and_the_reply_is_kept_for_after_the_next_login(
    zalo: StandIn, bot: ZaloBot
) -> None:
    lan = Talk(zalo)
    await lan.say(HELLO)
    zalo.grant.revoke()
    lan.person.says(THANKS)
    await bot.process.until_logged("zalo_grant_is_dead")
    assert "`python -m bot zalo login`" in (await bot.state())["state"]
    await bot.log_in()
    lan.person.says(HELLO)
    await zalo.until(lambda: any("Không có chi" in said.text for said in lan.person.from_oa()), 60)
