"""The Telegram channel: puts receiving and sending together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from starlette.routing import BaseRoute
from telegram.constants import ChatAction
from telegram.error import TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.channels.contract import Channel, Health, Parts
from bot.channels.opaque import OpaqueNames
from bot.channels.telegram.background import BackgroundTasks
from bot.channels.telegram.handler import UpdateHandler
from bot.channels.telegram.limits import ANSWER_SECONDS
from bot.channels.telegram.receiving import TelegramReceiver
from bot.channels.telegram.render import render
from bot.channels.telegram.sending import PhotoOf, TelegramSender, no_photo
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.updates import CHANNEL, chat_of
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor

WORKING_AFTER = 0.5
"""Seconds before "typing" is shown: most answers are there sooner, and it must not come after them."""

# The library's own log would show the texts of updates that it cannot read, and at level DEBUG
# every call. What matters is logged here.
logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)


def create(settings: TelegramSettings, parts: Parts) -> TelegramChannel | None:
    """The channel; None without a token."""
    token = settings.telegram_token.get_secret_value()
    if not token:
        return None
    return TelegramChannel(
        parts.inbox,
        parts.library,
        token=token,
        secret=parts.secret,
        api_url=settings.telegram_api_url,
        forget_context=parts.forget_context,
        public_url=parts.public_url,
        leads=parts.leads,
        photo=parts.picture,
    )


class TelegramChannel(Channel):
    """The bot on Telegram."""

    name = CHANNEL
    arrival = Arrival.AT_ONCE

    def __init__(
        self,
        inbox: Inbox,
        library: Callable[[], Library],
        *,
        token: str,
        secret: str,
        api_url: str = "https://api.telegram.org",
        public_url: str = "",
        leads: Callable[[], bool] = lambda: True,
        forget_context: Callable[[str], Coroutine[None, None, None]] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        photo: PhotoOf = no_photo,
    ) -> None:
        """Set up the channel.

        Args:
            inbox: where messages go.
            library: the version of content/ that is served.
            token: the bot's, from @BotFather.
            secret: keys the hashes of chat ids and the webhook's secret token.
            api_url: of the Bot API.
            public_url: of this service, to be called by Telegram; empty: the bot polls.
            leads: whether this process, of several, is the one that polls.
            forget_context: lets the Rasa side forget a conversation that goes on under another name.
            answer_seconds: how long a call may take.
            photo: the pictures of cards.
        """
        self._library = library
        self._http = HTTPXRequest(
            read_timeout=answer_seconds, connect_timeout=answer_seconds, pool_timeout=answer_seconds
        )
        self._bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{api_url.rstrip('/')}/bot",
            request=self._http,
            get_updates_request=self._http,
            # Without the library's rate limiter: where a group has had its share, that waits up to a minute.
        )
        opaque = OpaqueNames(secret)
        self._background = BackgroundTasks()
        handler = UpdateHandler(self._bot, inbox, self._background, opaque, forget_context)
        self._receiver = TelegramReceiver(
            self._bot, self._http, handler, self._background, library, opaque, public_url, leads
        )
        self._public_url = public_url
        self._sender = TelegramSender(self._bot, moved=handler.was_moved, photo=photo, public_url=public_url)
        self._working: dict[str, asyncio.Task[None]] = {}

    # The worker's side.

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card; arguments and errors as in `Channel.send`."""
        if working := self._working.pop(address, None):
            working.cancel()
        rendered = render(card, self._library().messages.labels, self._receiver.username, self._public_url)
        await self._sender.send(address, message_id, position, rendered)

    async def show_working(self, address: str) -> None:
        """Show "typing" if the answer takes longer than a moment."""
        if address in self._working:
            return

        def forget(done: asyncio.Task[None]) -> None:
            if self._working.get(address) is done:
                del self._working[address]

        self._working[address] = self._background.begin(self._show_typing(address))
        self._working[address].add_done_callback(forget)

    async def _show_typing(self, address: str) -> None:
        await asyncio.sleep(WORKING_AFTER)
        chat, topic = chat_of(address)
        with suppress(TelegramError):
            await self._bot.send_chat_action(chat, ChatAction.TYPING, message_thread_id=topic)

    # The service's side.

    def routes(self) -> list[BaseRoute]:
        """The webhook, if there is an address at which Telegram can reach it."""
        return self._receiver.routes()

    @asynccontextmanager
    async def connected(self, supervisor: Supervisor | None = None) -> AsyncIterator[None]:
        """Cards can be sent while the context is open."""
        try:
            yield
        finally:
            await self._background.end()
            await self._http.shutdown()  # the bot's own shutdown does so only after a getMe

    def receiving(self, supervisor: Supervisor | None = None) -> AbstractAsyncContextManager[None]:
        """Updates come in while the context is open."""
        return (supervisor or Supervisor()).keep(self.name, self._receiver.run, may_end=True)

    async def health(self) -> Health:
        """Whether it receives, and Telegram answers what is sent."""
        return Health(self.problem)

    @property
    def problem(self) -> str | None:
        """Why it does not receive or send anything, in words for whoever runs it, or None."""
        return self._receiver.problem or self._sender.reachability.problem("Telegram")
