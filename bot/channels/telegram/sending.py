"""Sends a card's messages at the pace Telegram allows, and says what became of them."""

from __future__ import annotations

import datetime

import httpx
import structlog
from aiolimiter import AsyncLimiter
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.channels.telegram.limits import CHAT_BURST, CHAT_SECONDS
from bot.channels.telegram.render import Part, Rendered
from bot.channels.telegram.updates import chat_of
from bot.conversation.message import MaybeSent, Rejected, SendError, TryLater, Unreachable

log = structlog.get_logger(__name__)

BUSY_SECONDS = 5.0
"""The pause after a server error or a failed connection."""

REFUSED_SECONDS = 60.0
"""The pause after the token was refused: a person has to act."""

LIMITERS_KEPT = 512

_GONE = (
    "chat not found",
    "group chat was deleted",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "peer_id_invalid",
    "user is deactivated",
)
"""What Telegram says with status 400 when nobody can be written to at this address."""


class Pace:
    """Lets a few messages to a chat go at once, then one a second."""

    def __init__(self, burst: float = CHAT_BURST, seconds: float = CHAT_SECONDS) -> None:
        self._burst, self._seconds = burst, seconds
        self._limiters: dict[int, AsyncLimiter] = {}

    async def wait(self, chat: int) -> None:
        """Wait until the chat may get another message."""
        if chat not in self._limiters and len(self._limiters) >= LIMITERS_KEPT:
            rested = [c for c, limiter in self._limiters.items() if limiter.has_capacity(self._burst)]
            for other in rested:
                del self._limiters[other]
        await self._limiters.setdefault(chat, AsyncLimiter(self._burst, self._seconds)).acquire()


class Sender:
    """Sends what was rendered.

    A card may take several messages. How many of them went out is remembered, so that a card
    that is sent again after "too many requests" goes on where it stopped.
    """

    def __init__(self, bot: ExtBot[int], pace: Pace | None = None) -> None:
        self._bot = bot
        self._pace = pace or Pace()
        self._parts_sent: dict[tuple[int, int], int] = {}
        self._moved: dict[int, int] = {}

    async def send(self, address: str, message_id: int, position: int, rendered: Rendered) -> None:
        """Send a card's messages; the arguments and the errors are those of `Channel.send`."""
        place = (message_id, position)
        sent = self._parts_sent.pop(place, 0)
        unsure: MaybeSent | None = None
        for number, part in enumerate(rendered.parts[sent:], sent + 1):
            keyboard = rendered.keyboard if number == len(rendered.parts) else None
            try:
                await self._send_part(address, part, keyboard)
            except MaybeSent as error:
                unsure = error  # the parts after it are still worth reading
            except TryLater:
                self._parts_sent[place] = number - 1
                raise
        if unsure:
            raise unsure

    async def _send_part(self, address: str, part: Part, keyboard: InlineKeyboardMarkup | None) -> None:
        chat, topic = chat_of(address)
        try:
            await self._send_text(chat, topic, part, keyboard)
        except ChatMigrated as error:
            # The group became a supergroup; its next messages come with the new id.
            self._moved[chat] = error.new_chat_id
            try:
                await self._send_text(chat, topic, part, keyboard)
            except TelegramError as second:
                raise as_send_error(second) from second
        except TelegramError as error:
            raise as_send_error(error) from error

    async def _send_text(
        self, chat: int, topic: int | None, part: Part, keyboard: InlineKeyboardMarkup | None
    ) -> None:
        chat = self._moved.get(chat, chat)
        try:
            await self._call(chat, topic, part.html, ParseMode.HTML, keyboard)
        except BadRequest as error:
            if "can't parse entities" not in error.message.lower():
                raise
            # A slip in the markup must not cost the person the answer.
            log.error("html_refused", reason=error.message)
            await self._call(chat, topic, part.plain, None, keyboard)

    async def _call(
        self,
        chat: int,
        topic: int | None,
        text: str,
        parse_mode: ParseMode | None,
        keyboard: InlineKeyboardMarkup | None,
    ) -> None:
        await self._pace.wait(chat)
        await self._bot.send_message(
            chat,
            text,
            parse_mode=parse_mode,
            message_thread_id=topic,
            reply_markup=keyboard,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )


def as_send_error(error: TelegramError) -> SendError:
    """What the library's error means to the worker.

    The order matters: the library derives BadRequest and TimedOut from NetworkError.
    """
    result: SendError
    match error, error.__cause__:
        case RetryAfter(), _:
            result = TryLater("too many requests", seconds_of(error))
        case Forbidden(), _:
            result = Unreachable(error.message)
        case BadRequest(), _ if any(words in error.message.lower() for words in _GONE):
            result = Unreachable(error.message)
        case ((BadRequest() | ChatMigrated()), _):
            result = Rejected(error.message)
        case InvalidToken(), _:
            result = TryLater("token refused", REFUSED_SECONDS)
        case NetworkError(), (httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout()) as cause:
            result = TryLater(type(cause).__name__, BUSY_SECONDS)  # it surely did not reach Telegram
        case NetworkError(), httpx.HTTPError() as cause:
            result = MaybeSent(type(cause).__name__)
        case NetworkError(), _:
            result = TryLater(error.message, BUSY_SECONDS)
        case _:
            result = MaybeSent(type(error).__name__)
    return result


def seconds_of(error: RetryAfter) -> float:
    """For how long Telegram asks to be left alone, and a little more."""
    wait = error.retry_after
    return (wait.total_seconds() if isinstance(wait, datetime.timedelta) else wait) + 0.1
