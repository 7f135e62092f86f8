"""The Telegram channel against the stand-in for Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from bot.channels.telegram import TelegramChannel
from bot.content.library import Library
from bot.storage.inbox import Inbox
from stand_ins.serving import serving
from stand_ins.telegram import TOKEN, StandIn
from tests.support.telegram import SECRET, ByWebhook


@pytest.fixture
async def telegram() -> AsyncIterator[StandIn]:
    """Telegram, without an address yet."""
    stand_in = StandIn()
    yield stand_in
    await stand_in.close()


@pytest.fixture
async def api_url(telegram: StandIn) -> AsyncIterator[str]:
    """The address of the Bot API."""
    async with serving(telegram.app()) as url:
        yield url
        await telegram.close()


@pytest.fixture
async def channel(api_url: str, inbox: Inbox, small_library: Library) -> AsyncIterator[TelegramChannel]:
    """A channel that can send, but does not receive."""
    channel = TelegramChannel(
        inbox, lambda: small_library, token=TOKEN, secret=SECRET, api_url=api_url, answer_seconds=0.3
    )
    async with channel.connected():
        yield channel


@pytest.fixture
def by_webhook(api_url: str, inbox: Inbox, small_library: Library) -> ByWebhook:
    """A channel at a real address that Telegram calls; gives the channel and the address."""

    @asynccontextmanager
    async def running() -> AsyncIterator[tuple[TelegramChannel, str]]:
        outer = Starlette()
        async with serving(outer) as url:
            channel = TelegramChannel(
                inbox, lambda: small_library, token=TOKEN, secret=SECRET, api_url=api_url, public_url=url
            )
            outer.router.routes.extend(channel.routes())
            async with channel.connected(), channel.receiving():
                yield channel, url

    return running
