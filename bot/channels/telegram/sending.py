"""Sends a card's messages at the pace Telegram allows, and says what became of them."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable

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

from bot.channels.contract import MaybeSent, Rejected, SendError, TryLater, Unreachable
from bot.channels.silence import Silence
from bot.channels.telegram.limits import (
    ALL_BURST,
    ALL_SECONDS,
    CHAT_BURST,
    CHAT_SECONDS,
    GROUP_BURST,
    GROUP_SECONDS,
)
from bot.channels.telegram.render import Part, Rendered
from bot.channels.telegram.updates import chat_of

log = structlog.get_logger(__name__)

BUSY_SECONDS = 5.0
"""The pause after a server error or a failed connection."""

REFUSED_SECONDS = 60.0
"""The pause after the token was refused: a person has to act."""

SEND_SECONDS = 30.0
"""How long a call may take in all: the timeouts of a connection start anew with every byte."""

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
    """Holds Telegram's limits: a few messages to a chat at once and then one a second, so many a minute to a
    group, so many a second to everybody."""

    def __init__(self, burst: float = CHAT_BURST, seconds: float = CHAT_SECONDS) -> None:
        self._burst, self._seconds = burst, seconds
        self._all = AsyncLimiter(ALL_BURST, ALL_SECONDS)
        self._chats: dict[int, AsyncLimiter] = {}
        self._groups: dict[int, AsyncLimiter] = {}

    async def wait(self, chat: int) -> None:
        """Wait until the chat may get another message, if that is a moment.

        Raises:
            TryLater: it is longer; nobody else should be kept waiting for it.
        """
        if chat < 0:
            group = _limiter_of(chat, self._groups, GROUP_BURST, GROUP_SECONDS)
            if not group.has_capacity():
                pause = GROUP_SECONDS / GROUP_BURST
                raise TryLater("a group's share of a minute is used up", pause, is_chats_own=True)
            await group.acquire()
        await _limiter_of(chat, self._chats, self._burst, self._seconds).acquire()
        await self._all.acquire()


def _limiter_of(chat: int, limiters: dict[int, AsyncLimiter], burst: float, seconds: float) -> AsyncLimiter:
    if chat not in limiters and len(limiters) >= LIMITERS_KEPT:
        rested = [c for c, limiter in limiters.items() if limiter.has_capacity(burst)]
        for other in rested:
            del limiters[other]
    return limiters.setdefault(chat, AsyncLimiter(burst, seconds))


async def _nothing_hangs_on(_before: int, _after: int) -> None:
    pass


class Sender:
    """Sends what was rendered.

    A card may take several messages. How many of them went out is remembered, so that a card
    that is sent again after "too many requests" goes on where it stopped.

    silence: whether Telegram answers at all.
    """

    def __init__(
        self,
        bot: ExtBot[None],
        pace: Pace | None = None,
        *,
        moved: Callable[[int, int], Awaitable[None]] = _nothing_hangs_on,
        within: float = SEND_SECONDS,
    ) -> None:
        """`moved`: told a group's old id and its new one; `within`: the seconds of a call."""
        self._bot = bot
        self._pace = pace or Pace()
        self._tell_moved = moved
        self._within = within
        self.silence = Silence()
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
                await self._send_part(address, part, keyboard, is_delivery=message_id < 0)
            except MaybeSent as error:
                unsure = error  # the parts after it are still worth reading
            except TryLater:
                self._parts_sent[place] = number - 1
                raise
        if unsure:
            raise unsure

    async def _send_part(
        self, address: str, part: Part, keyboard: InlineKeyboardMarkup | None, *, is_delivery: bool
    ) -> None:
        chat, topic = chat_of(address)
        try:
            if chat not in self._moved:
                try:
                    await self._send_text(chat, topic, part, keyboard)
                except ChatMigrated as error:
                    self._moved[chat] = error.new_chat_id
                else:
                    return
            await self._send_on(chat, part, keyboard, is_delivery=is_delivery)
        except TelegramError as error:
            # The library derives BadRequest, which is an answer, from NetworkError.
            is_answered = isinstance(error, BadRequest) or not isinstance(error, NetworkError)
            self.silence.note(is_answered=is_answered)
            raise as_send_error(error) from error

    async def _send_on(
        self, chat: int, part: Part, keyboard: InlineKeyboardMarkup | None, *, is_delivery: bool
    ) -> None:
        """Send to a group that became a supergroup, of which we have the old id.

        First all that hangs on it moves along, each time: more may have been written down since. News may
        have reached the supergroup by its new id already, so a delivery is looked at again after that.
        """
        supergroup = self._moved[chat]
        await self._tell_moved(chat, supergroup)
        if is_delivery:
            raise TryLater("the group has another id now", 0, is_chats_own=True)
        await self._send_text(supergroup, None, part, keyboard)

    async def _send_text(
        self, chat: int, topic: int | None, part: Part, keyboard: InlineKeyboardMarkup | None
    ) -> None:
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
        try:
            async with asyncio.timeout(self._within):
                await self._bot.send_message(
                    chat,
                    text,
                    parse_mode=parse_mode,
                    message_thread_id=topic,
                    reply_markup=keyboard,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )
        except TimeoutError as error:
            self.silence.note(is_answered=False)
            raise MaybeSent("no answer in time") from error
        self.silence.note(is_answered=True)


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
