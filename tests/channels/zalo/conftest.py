"""The Zalo channel against the stand-in for Zalo."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette

from bot.channels.zalo import Account, Api, ZaloChannel
from bot.content.library import Library
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.zalo import ZaloStore
from tests.stand_ins.serving import serving
from tests.stand_ins.zalo import APP_ID, APP_SECRET, OA_ID, OA_SECRET, Person, StandIn

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
ACCOUNT = Account(APP_ID, OA_ID, OA_SECRET)
SECRET = "a secret"
CALL_SECONDS = 0.5


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
async def api(api_url: str) -> AsyncIterator[Api]:
    api = Api(api_url, api_url, APP_ID, APP_SECRET, CALL_SECONDS)
    yield api
    await api.close()


@pytest.fixture
def store(database: Database) -> ZaloStore:
    return ZaloStore(database, OA_ID, KEY)


async def authorise(store: ZaloStore, zalo: StandIn) -> None:
    """Give the bot its first tokens, as the login does."""
    pair = zalo.grant.explorer()
    await store.authorised(
        pair["access_token"], pair["refresh_token"], datetime.timedelta(seconds=int(pair["expires_in"]))
    )


def new_channel(inbox: Inbox, store: ZaloStore, api: Api, library: Library, **more: Any) -> ZaloChannel:
    settings: dict[str, Any] = {"account": ACCOUNT, "secret": SECRET, **more}
    return ZaloChannel(inbox, store, api, lambda: library, **settings)


@pytest.fixture
async def channel(
    zalo: StandIn, store: ZaloStore, api: Api, inbox: Inbox, small_library: Library
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
