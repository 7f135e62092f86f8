"""The Zalo channel: puts receiving, sending and the tokens together."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from starlette.routing import BaseRoute

from bot.channels.contract import Channel, Health, OnlyInReply, Parts
from bot.channels.opaque import OpaqueNames
from bot.channels.zalo.api import ZaloApi
from bot.channels.zalo.events import CHANNEL
from bot.channels.zalo.receiving import OfficialAccount, ZaloReceiver
from bot.channels.zalo.sending import PictureOf, ZaloSender, no_picture
from bot.channels.zalo.settings import ZaloSettings
from bot.channels.zalo.store import ZaloStore
from bot.channels.zalo.tokens import Tokens
from bot.channels.zalo_pictures import download
from bot.channels.zalo_text import render
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.clock import Clock, utc_now
from bot.log import describe
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor

log = structlog.get_logger(__name__)

QUOTA_SECONDS = 600.0
"""Seconds between two looks at how many free messages are left."""

LOOK_SECONDS = 30.0
"""Seconds between two looks at the tokens, and at what the operator should know."""


def create(settings: ZaloSettings, parts: Parts) -> ZaloChannel | None:
    """The channel; None without an app on Zalo."""
    if not settings.zalo_app_id:
        return None
    return ZaloChannel(
        parts.inbox,
        ZaloStore(parts.database, settings.zalo_oa_id, settings.zalo_token_key.get_secret_value()),
        ZaloApi(
            settings.zalo_api_url,
            settings.zalo_oauth_url,
            settings.zalo_app_id,
            settings.zalo_app_secret.get_secret_value(),
        ),
        parts.library,
        account=OfficialAccount(
            settings.zalo_app_id, settings.zalo_oa_id, settings.zalo_oa_secret.get_secret_value()
        ),
        secret=parts.secret,
        template_id=settings.zalo_template_id,
        picture=parts.picture,
        public_url=parts.public_url,
    )


class ZaloChannel(Channel):
    """The bot on Zalo."""

    name = CHANNEL
    arrival = Arrival.WITH_NEXT_MESSAGE

    def __init__(
        self,
        inbox: Inbox,
        store: ZaloStore,
        api: ZaloApi,
        library: Callable[[], Library],
        *,
        account: OfficialAccount,
        secret: str,
        template_id: str = "",
        clock: Clock = utc_now,
        look_seconds: float = LOOK_SECONDS,
        picture: PictureOf = no_picture,
        public_url: str = "",
    ) -> None:
        """Set up the channel.

        Args:
            store: what is kept of the account and of what people were offered.
            inbox: where messages go.
            api: of the platform.
            library: the version of content/ that is served.
            account: the Official Account.
            secret: keys the hashes of people's ids.
            template_id: tells of a reply of the staff; empty: nothing does.
            clock: the time.
            look_seconds: seconds between two looks at the account.
            picture: those of cards.
            public_url: where they can be fetched.
        """
        self._free_left: dict[str, int] | None = None
        self._store = store
        self._api = api
        self._library = library
        self._look_seconds = look_seconds
        self._opaque = OpaqueNames(secret)
        self._tokens = Tokens(store, api, clock)
        self._public_url = public_url
        self._sender = ZaloSender(
            api, self._tokens, clock, template_id=template_id, picture=picture, public_url=public_url
        )
        self._receiver = ZaloReceiver(inbox, store, account, self._opaque, clock)

    # The worker's side.

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card; arguments and errors as in `Channel.send`."""
        conversation = self._opaque(f"{CHANNEL}:{address}")

        async def offer(payloads: Sequence[str]) -> None:
            await self._store.offer(conversation, payloads)

        rendered = render(card, self._library().messages, self._public_url)
        try:
            await self._sender.send(address, message_id, position, rendered, offer)
        except OnlyInReply:
            # A reply of the staff waits from here on; it is told once, and news of a topic never.
            if message_id < 0 and card.action == "reply" and position == 0:
                await self._sender.tell_of_reply(address)
            raise

    async def fetch_picture(self, reference: str) -> bytes:
        """Fetch a picture by its address; errors as in `Channel.fetch_picture`."""
        return await download(reference, self._api.url)

    # The service's side.

    def routes(self) -> list[BaseRoute]:
        """The webhook."""
        return self._receiver.routes()

    @asynccontextmanager
    async def connected(self, supervisor: Supervisor | None = None) -> AsyncIterator[None]:
        """Cards can be sent while the context is open; the tokens are kept fresh meanwhile."""
        try:
            async with (supervisor or Supervisor()).keep(self.name, self._look):
                yield
        finally:
            await self._tokens.settle()
            await self._api.close()

    async def _look(self) -> None:
        said: str | None = ""
        asked_at = -QUOTA_SECONDS
        while True:
            try:
                await self._tokens.keep_fresh()
            except Exception as error:  # the database may come back
                log.error("zalo_look_failed", **describe(error))
            if time.monotonic() - asked_at >= QUOTA_SECONDS:
                asked_at = time.monotonic()
                left = await self._sender.free_left()
                self._free_left = left.model_dump(exclude_none=True) if left else None
            if (problem := await self.problem()) != said:
                if problem:
                    log.warning("zalo_problem", problem=problem)
                else:
                    log.info("zalo_connected")
                said = problem
            await asyncio.sleep(self._look_seconds)

    async def health(self) -> Health:
        """How it is; how many events were dropped since the start, by why; how many messages are free."""
        left = {"free_left": self._free_left} if self._free_left else {}
        return Health(await self.problem(), {"dropped": dict(self.dropped), **left})

    @property
    def dropped(self) -> Counter[str]:
        """How many events were answered and dropped since the start, by why."""
        return self._receiver.dropped

    async def problem(self) -> str | None:
        """Why Zalo does not work, or soon will not, with the way out; None if all is well."""
        try:
            sending = self._sender.trouble or self._sender.reachability.problem("Zalo")
            found = [await self._tokens.problem(), sending, await self._receiver.problem()]
        except Exception as error:  # whatever it is, it is the database's
            return f"the database does not answer ({type(error).__name__})"
        return "; ".join(filter(None, found)) or None
