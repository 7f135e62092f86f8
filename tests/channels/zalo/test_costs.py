"""What Zalo charges for, and what is left of what is free."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.contract import OnlyInReply
from bot.channels.zalo import ZaloApi, ZaloChannel
from bot.channels.zalo.store import ZaloStore
from bot.content.library import Library
from bot.domain.card import Card
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.storage.inbox import Inbox
from stand_ins.zalo import Person, StandIn
from tests.support.zalo import authorise, new_channel

REPLY = Card(kind=Kind.ACTION, language=Language.VI, action="reply", text="Cán bộ trả lời bạn.")
NEWS = Card(kind=Kind.ANSWER, language=Language.VI, action="announcement", text="Tin mới.")
TEMPLATE = "12345"


def silent(zalo: StandIn) -> Person:
    """Somebody who wrote more than 48 hours ago."""
    person = zalo.person()
    person.spoke_at = zalo.now() - 50 * 3600
    return person


@pytest.fixture
async def telling(
    zalo: StandIn, store: ZaloStore, api: ZaloApi, inbox: Inbox, small_library: Library
) -> ZaloChannel:
    """A channel with an approved template."""
    await authorise(store, zalo)
    zalo.approved = {TEMPLATE}
    channel = new_channel(inbox, store, api, small_library)
    channel._sender._template_id = TEMPLATE
    return channel


async def test_without_a_template_nothing_is_sent_that_is_charged(
    zalo: StandIn, channel: ZaloChannel
) -> None:
    lan = silent(zalo)
    with pytest.raises(OnlyInReply):
        await channel.send(lan.id, -1, 0, REPLY)
    assert not zalo.called("template")
    assert not lan.from_oa()


async def test_a_reply_that_has_to_wait_is_told_of_once_and_still_waits(
    zalo: StandIn, telling: ZaloChannel
) -> None:
    lan = silent(zalo)
    for position in range(2):
        with pytest.raises(OnlyInReply):
            await telling.send(lan.id, -1, position, REPLY)
    assert zalo.charged == [(lan.id, TEMPLATE)]


async def test_news_and_what_goes_for_free_is_not_told_by_template(
    zalo: StandIn, telling: ZaloChannel
) -> None:
    with pytest.raises(OnlyInReply):
        await telling.send(silent(zalo).id, -1, 0, NEWS)
    minh = zalo.person("Minh")
    minh.spoke_at = zalo.now()
    await telling.send(minh.id, -2, 0, REPLY)
    assert len(minh.from_oa()) == 1
    assert not zalo.called("template")


@pytest.mark.parametrize("code", [-200, -249, -321])
async def test_a_template_that_zalo_refuses_is_not_sent_again_and_the_reply_waits(
    zalo: StandIn, telling: ZaloChannel, code: int
) -> None:
    zalo.refuse(code, method="template")
    with pytest.raises(OnlyInReply):
        await telling.send(silent(zalo).id, -1, 0, REPLY)
    assert len(zalo.called("template")) == 1


async def test_ready_tells_how_many_messages_are_left(zalo: StandIn, channel: ZaloChannel) -> None:
    zalo.package = 321

    async def told() -> Any:
        async with asyncio.timeout(20):
            while "free_left" not in (said := (await channel.health()).details):  # noqa: ASYNC110  (it wakes nobody)
                await asyncio.sleep(0.01)
        return said["free_left"]

    async with channel.connected():
        assert await told() == {"remain": 321, "total": 500}


async def test_where_zalo_does_not_say_it_nothing_is_told_and_nothing_is_wrong(
    zalo: StandIn, channel: ZaloChannel
) -> None:
    zalo.refuse(-201, method="free_quota")
    async with channel.connected():
        await zalo.until(lambda: zalo.called("free_quota"))
        assert (await channel.health()).details == {"dropped": {}}
