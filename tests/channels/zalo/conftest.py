"""The Zalo channel against the stand-in for Zalo."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from bot.channels.zalo import ZaloApi, ZaloChannel
from bot.channels.zalo.store import ZaloStore
from bot.content.library import Library
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from stand_ins.serving import serving
from stand_ins.zalo import APP_ID, APP_SECRET, OA_ID, Person, StandIn
from tests.support.zalo import CALL_SECONDS, KEY, authorise, new_channel


@pytest.fixture
async def zalo() -> AsyncIterator[StandIn]:
    """Zalo, without an address yet."""
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def api_url(zalo: StandIn) -> AsyncIterator[str]:
    """The address of all of Zalo's servers."""
    async with serving(zalo.app()) as url:
        yield url
        await zalo.close()


@pytest.fixture
async def api(api_url: str) -> AsyncIterator[ZaloApi]:
    api = ZaloApi(api_url, api_url, APP_ID, APP_SECRET, CALL_SECONDS)
    yield api
    await api.close()


@pytest.fixture
def store(database: Database) -> ZaloStore:
    return ZaloStore(database, OA_ID, KEY)


@pytest.fixture
async def channel(
    zalo: StandIn, store: ZaloStore, api: ZaloApi, inbox: Inbox, small_library: Library
) -> ZaloChannel:
    """A channel that can send, and whose webhook is saved nowhere."""
    await authorise(store, zalo)
    return new_channel(inbox, store, api, small_library)


@pytest.fixture
async def webhook(zalo: StandIn, channel: ZaloChannel) -> AsyncIterator[StandIn]:
    """Zalo, with the channel's webhook saved in its console."""
    async with serving(Starlette(routes=channel.routes())) as url:
        await zalo.webhook.save(f"{url}/zalo/webhook")
        channel.dropped.clear()  # the console's own call
        yield zalo
        await zalo.until(lambda: zalo.webhook.is_idle)
        await zalo.webhook.stop()


@pytest.fixture
def lan(zalo: StandIn) -> Person:
    """Somebody who wrote to the account just now."""
    person = zalo.person("Lan")
    person.spoke_at = zalo.now()
    return person
