"""The Telegram channel: receives by polling or webhook, sends, and keeps its profile."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import cast
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import Update
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.channels.telegram.essential import essential
from bot.channels.telegram.limits import POLL_SECONDS, UPDATE_BYTES, UPDATES
from bot.channels.telegram.profile import set_profile
from bot.channels.telegram.render import render
from bot.channels.telegram.sending import Sender, seconds_of
from bot.channels.telegram.updates import CHANNEL, Identity, Reader, chat_of, move_of
from bot.content.library import Library
from bot.domain.arrival import Arrival
from bot.domain.card import Card
from bot.log import describe
from bot.storage.chat_move import ChatMove
from bot.storage.inbox import Inbox
from bot.supervision import Supervisor

log = structlog.get_logger(__name__)

WEBHOOK_PATH = "/telegram"

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (a header's name)

ANSWER_SECONDS = 20.0
"""How long a call to Telegram may take."""

WORKING_AFTER = 0.5
"""Seconds before "typing" is shown: most answers are there sooner, and it must not come after them."""

PAUSE_FIRST, PAUSE_MOST = 1.0, 30.0
"""Seconds between two tries while Telegram cannot be reached; they grow from one to the other."""

# The library's own log would show the texts of updates that it cannot read, and at level DEBUG
# every call. What matters is logged here.
logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)

Raw = dict[str, object]


class TelegramChannel:
    """The bot on Telegram."""

    name = CHANNEL
    arrival = Arrival.AT_ONCE
    lay_down = None

    def __init__(
        self,
        inbox: Inbox,
        library: Callable[[], Library],
        *,
        token: str,
        secret: str,
        api_url: str = "https://api.telegram.org",
        public_url: str | None = None,
        forget_context: Callable[[str], Coroutine[None, None, None]] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Set up the channel.

        Args:
            inbox: where messages go.
            library: the version of content/ that is served.
            token: the bot's, from @BotFather.
            secret: keys the hashes of chat ids and the webhook's secret token.
            api_url: of the Bot API.
            public_url: of this service, to be called by Telegram; without it the bot polls.
            forget_context: lets the Rasa side forget a conversation that goes on under another name.
            answer_seconds: how long a call may take.
        """
        self._forget_context = forget_context
        self._problem: str | None = "not connected to Telegram yet"
        self._inbox = inbox
        self._library = library
        self._secret = secret.encode()
        self._public_url = public_url.rstrip("/") if public_url else None
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
        self._sender = Sender(self._bot, moved=self._was_moved)
        self._reader: Reader | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._working: dict[str, asyncio.Task[None]] = {}

    @property
    def problem(self) -> str | None:
        """Why it does not receive or send anything, in words for whoever runs it, or None."""
        return self._problem or self._sender.silence.problem("Telegram")

    # The worker's side.

    async def show_working(self, address: str) -> None:
        """Show "typing" if the answer takes longer than a moment."""
        if address in self._working:
            return

        def forget(done: asyncio.Task[None]) -> None:
            if self._working.get(address) is done:
                del self._working[address]

        self._working[address] = self._errand(self._show_typing(address))
        self._working[address].add_done_callback(forget)

    async def _show_typing(self, address: str) -> None:
        await asyncio.sleep(WORKING_AFTER)
        chat, topic = chat_of(address)
        with suppress(TelegramError):
            await self._bot.send_chat_action(chat, ChatAction.TYPING, message_thread_id=topic)

    async def send(self, address: str, message_id: int, position: int, card: Card) -> None:
        """Send one card; arguments and errors as in `Channel.send`."""
        if working := self._working.pop(address, None):
            working.cancel()
        username = self._reader.me.username if self._reader else None
        rendered = render(card, self._library().messages.labels, username)
        await self._sender.send(address, message_id, position, rendered)

    # Receiving.

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Cards can be sent while the context is open: for as long as the worker works."""
        try:
            yield
        finally:
            for errand in list(self._errands):
                errand.cancel()
            if self._errands:
                await asyncio.wait(self._errands)
            await self._http.shutdown()  # the bot's own shutdown does so only after a getMe

    @asynccontextmanager
    async def receiving(self, supervisor: Supervisor | None = None) -> AsyncIterator[None]:
        """Messages come in while the context is open, within that of `connected`.

        It does not wait for Telegram to be reached, so that the other channels need not either.
        """
        async with (supervisor or Supervisor()).keep(self.name, self._receive, may_end=True):
            yield

    def routes(self) -> list[BaseRoute]:
        """The webhook, if there is an address at which Telegram can reach it."""
        return [Route(WEBHOOK_PATH, self._webhook, methods=["POST"])] if self._public_url else []

    async def _receive(self) -> None:
        try:
            await _patiently(self._bot.initialize)
            self._reader = Reader(Identity(self._bot.id, self._bot.username), self._library, self._opaque)
            self._errand(_patiently(lambda: set_profile(self._bot, self._library().messages.telegram)))
            if self._public_url:
                await _patiently(self._set_webhook)
                self._problem = None
            else:
                await _patiently(self._bot.delete_webhook)
                self._problem = None
                await self._poll()
        except InvalidToken:  # its message shows the token
            self._problem = "Telegram refuses TELEGRAM_TOKEN; get a valid one from @BotFather"
            log.error("telegram_stopped", reason=self._problem)
        except TelegramError as error:
            self._problem = f"Telegram refuses the setup: {error.message}"
            log.error("telegram_stopped", reason=self._problem)

    async def _set_webhook(self) -> None:
        await self._bot.set_webhook(
            f"{self._public_url}{WEBHOOK_PATH}", secret_token=self._webhook_secret(), allowed_updates=UPDATES
        )

    async def _webhook(self, request: Request) -> Response:
        """One update, pushed. Any answer but 2xx makes Telegram deliver it again, for 24 hours."""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._webhook_secret().encode()):
            return Response(status_code=HTTPStatus.FORBIDDEN)
        if self._reader is None:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > UPDATE_BYTES:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        try:
            await self._take(update, self._reader)
        except Exception as error:  # the database, most likely: it may come back
            log.error("update_not_accepted", **describe(error))
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response()

    async def _poll(self) -> None:
        """Fetch updates for ever.

        The offset, which tells Telegram what not to send again, moves past an update only when
        the inbox has committed it. The library's own Updater moves it as soon as the update is in
        memory, and loses what is there in a crash.
        """
        offset, pause = 0, PAUSE_FIRST
        reader = cast(Reader, self._reader)
        while True:
            try:
                for raw in await self._get_updates(offset):
                    await self._take(raw, reader)
                    offset = max(offset, _number(raw) + 1)
                self._problem, pause = None, PAUSE_FIRST
            except InvalidToken:
                raise
            except RetryAfter as error:
                await asyncio.sleep(seconds_of(error))
            except Exception as error:  # the network, or the database: either may come back
                self._problem = "cannot fetch updates: " + _reason(error)
                log.warning("poll_failed", reason=self._problem, **describe(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, PAUSE_MOST)

    async def _get_updates(self, offset: int) -> list[Raw]:
        """The next updates, as they came.

        Not by `Bot.get_updates`: that fails for the whole batch if it cannot read one update, again
        and again, until that one is 24 hours old.
        """
        asked = {"offset": offset, "timeout": POLL_SECONDS, "allowed_updates": json.dumps(UPDATES)}
        async with asyncio.timeout(POLL_SECONDS + 2 * ANSWER_SECONDS):
            updates = await self._http.post(
                f"{self._bot.base_url}/getUpdates?{urlencode(asked)}",
                read_timeout=POLL_SECONDS + ANSWER_SECONDS,
            )
        return cast(list[Raw], updates)

    async def _take(self, raw: Raw, reader: Reader) -> None:
        """Write an update's message into the inbox.

        An update that cannot be read is logged and passed over: Telegram delivers a chat's updates
        in order, so repeating it for a day would keep its chat waiting for as long.

        Raises:
            Exception: the inbox did not take it; it has to come again.
        """
        try:
            update = self._update(raw)
            read = reader.read(update) if update else None
        except Exception as error:  # whatever it is, it is this update's
            log.error("update_not_read", **describe(error))
            return
        if update and update.callback_query:
            self._errand(self._stop_spinner(update.callback_query.id))
        try:
            if isinstance(read, ChatMove):
                await self._move(read)
            elif read:
                await self._inbox.accept(read)
        except ValueError as error:  # Unwritable, too: coming again it would fare no better
            log.error("update_not_written", **describe(error))

    def _update(self, raw: Raw) -> Update | None:
        """An update as the library has it; of one that it cannot read, what matters to us."""
        try:
            return Update.de_json(raw, self._bot)
        except Exception as error:  # a field that is new, or missing now
            kept = essential(raw)
            log.warning("update_read_in_part", is_read=kept is not None, **describe(error))
            return Update.de_json(kept, self._bot) if kept else None

    async def _was_moved(self, before: int, after: int) -> None:
        """A group turned out to have another id when something was sent to it."""
        try:
            await self._move(move_of(before, after, self._opaque))
        except Exception as error:  # the database may come back; the answer need not wait for it
            log.error("group_not_moved", **describe(error))

    async def _move(self, moved: ChatMove) -> None:
        """Let all that hangs on a group go on under its new id."""
        await self._inbox.move(moved)
        log.info("telegram_group_moved")
        if self._forget_context:
            self._errand(self._forget_context(moved.before.conversation))

    async def _stop_spinner(self, query_id: str) -> None:
        """Answer a pressed button; one that was answered before or is too old needs it no more."""
        with suppress(TelegramError):
            await self._bot.answer_callback_query(query_id)

    # Small things.

    def _opaque(self, name: str) -> str:
        return hmac.new(self._secret, name.encode(), hashlib.sha256).hexdigest()

    def _webhook_secret(self) -> str:
        """64 of the characters that Telegram allows; nothing to configure or to leak."""
        return self._opaque("telegram-webhook")

    def _errand(self, errand: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Do something that nobody waits for and that may fail."""
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errand_is_done)
        return task

    def _errand_is_done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("telegram_errand_failed", **describe(error))


def _number(raw: Raw) -> int:
    """The number of an update; 0 if it has none, as none from Telegram."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) else 0


def _reason(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "another process polls with the same TELEGRAM_TOKEN"
    return type(error).__name__


async def _patiently(call: Callable[[], Awaitable[object]]) -> None:
    """Call until it works. Raises what waiting does not mend."""
    pause = PAUSE_FIRST
    while True:
        try:
            await call()
        except RetryAfter as error:
            await asyncio.sleep(seconds_of(error))
        except (InvalidToken, BadRequest, Forbidden, ChatMigrated):
            raise
        except NetworkError as error:  # also its subclass TimedOut: these calls may be repeated
            log.warning("telegram_unreachable", **describe(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_MOST)
        else:
            return
