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
from bot.channels.telegram.fetching import fetch
from bot.channels.telegram.handler import UpdateHandler
from bot.channels.telegram.inline import InlineMode
from bot.channels.telegram.limits import ANSWER_SECONDS
from bot.channels.telegram.receiving import TelegramReceiver
from bot.channels.telegram.render import render
from bot.channels.telegram.results import as_result, not_sure
from bot.channels.telegram.sending import PhotoOf, TelegramSender, no_photo
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.telegram.updates import CHANNEL, chat_of, guest_conversation, guest_query_of
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.domain.plan import Kind
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor

WORKING_AFTER = 0.5
"""Seconds before "typing" is shown: most answers are there sooner, and it must not come after them."""

ALWAYS_SAID = frozenset({"emergency", "care", "paused"})
"""Actions that are said wherever the bot is asked: whom to call, and that it is switched off."""

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
        proxy_url=settings.telegram_proxy_url.get_secret_value(),
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
        proxy_url: str = "",
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
            proxy_url: of what stands between; empty: nothing that we know of.
            public_url: of this service: of its pages, and to be called by Telegram; empty: the bot polls. So
                it does through a proxy: who cannot reach Telegram is hardly reached by it.
            leads: whether this process, of several, is the one that polls.
            forget_context: lets the Rasa side forget a conversation that goes on under another name.
            answer_seconds: how long a call may take.
            photo: the pictures of cards.
        """
        self._library = library
        self._http = HTTPXRequest(
            read_timeout=answer_seconds,
            connect_timeout=answer_seconds,
            pool_timeout=answer_seconds,
            proxy=proxy_url or None,
        )
        self._bot: ExtBot[None] = ExtBot(
            token,
            base_url=f"{api_url.rstrip('/')}/bot",
            base_file_url=f"{api_url.rstrip('/')}/file/bot",
            request=self._http,
            get_updates_request=self._http,
            # Without the library's rate limiter: where a group has had its share, that waits up to a minute.
        )
        self._public_url = public_url
        self._forget_context = forget_context
        self._opaque = opaque = OpaqueNames(secret)
        self._background = BackgroundTasks()
        self._inline = InlineMode(self._bot, library, public_url)
        handler = UpdateHandler(self._bot, inbox, self._background, opaque, forget_context, self._inline)
        called_at = "" if proxy_url else public_url
        self._receiver = TelegramReceiver(
            self._bot, self._http, handler, self._background, library, opaque, called_at, leads
        )
        self._sender = TelegramSender(self._bot, moved=handler.was_moved, photo=photo, public_url=public_url)
        self._working: dict[str, asyncio.Task[None]] = {}

    # The worker's side.

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card; arguments and errors as in `Channel.send`."""
        if working := self._working.pop(address, None):
            working.cancel()
        if guest := guest_query_of(address):
            await self._answer_guest(*guest, card)
            return
        rendered = render(card, self._library().messages.labels, self._receiver.username, self._public_url)
        await self._sender.send(address, message_id, position, rendered)

    async def _answer_guest(self, query_id: str, is_about: bool, card: Card) -> None:
        """Answer where the bot is a guest: with what is surely meant, else with one line.

        What is said to a message of somebody else's has to be a clarification, and the whole of it: beside a
        rumour any other answer would look like one.
        """
        library, username = self._library(), self._bot.username
        messages = library.messages
        answer = library.published(card.id) if card.id and card.kind is Kind.FACET else None
        is_answer = card.kind in {Kind.ANSWER, Kind.FACET} and (not is_about or card.verdict is not None)
        if is_about and answer and answer.verdict:
            result = self._inline.result(answer, card.language)
        elif is_answer or card.action in ALWAYS_SAID:
            result = as_result(card, messages, username, self._public_url)
        else:
            result = not_sure(card.language, messages, username)
        await self._sender.answer_guest(query_id, result)
        if self._forget_context:
            self._background.begin(self._forget_context(guest_conversation(query_id, self._opaque)))

    async def show_working(self, address: str) -> None:
        """Show "typing" if the answer takes longer than a moment."""
        if address in self._working or guest_query_of(address):
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

    async def fetch_picture(self, reference: str) -> bytes:
        """Fetch a picture by its file id; errors as in `Channel.fetch_picture`."""
        return await fetch(self._bot, reference)

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
        """Whether it receives, and Telegram answers what is sent; and how it is set up there."""
        return Health(self.problem, {"set_up": dict(self._receiver.set_up.state)})

    @property
    def problem(self) -> str | None:
        """Why it does not receive or send anything, in words for whoever runs it, or None."""
        return self._receiver.problem or self._sender.reachability.problem("Telegram")
