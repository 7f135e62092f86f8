"""Sends a card's messages at the pace Telegram allows, and says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from telegram import InlineKeyboardMarkup, InlineQueryResultArticle, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    NetworkError,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.channels.contract import MaybeSent, SendError, TryLater
from bot.channels.reachability import Reachability
from bot.channels.telegram.errors import as_send_error
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.render import Part, TelegramMessages
from bot.channels.telegram.updates import chat_of

log = structlog.get_logger(__name__)

SEND_SECONDS = 30.0
"""How long a call may take in all: the timeouts of a connection start anew with every byte."""


async def _nothing_hangs_on(_before: int, _after: int) -> None:
    pass


class TelegramSender:
    """Sends what was rendered.

    A card may take several messages. How many of them went out is remembered, so that a card
    that is sent again after "too many requests" goes on where it stopped.

    reachability: whether Telegram answers at all.
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
        self.reachability = Reachability()
        self._parts_sent: dict[tuple[int, int], int] = {}
        self._moved: dict[int, int] = {}

    async def send(self, address: str, message_id: int, position: int, rendered: TelegramMessages) -> None:
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

    async def answer_guest(self, query_id: str, result: InlineQueryResultArticle) -> None:
        """Answer a guest query, which can be done once and soon.

        Raises:
            SendError: as its subclasses say; Rejected also where it is too late.
        """
        try:
            async with asyncio.timeout(self._within):
                await self._bot.answer_guest_query(query_id, result)
        except TimeoutError as error:
            self.reachability.note(is_answered=False)
            raise MaybeSent("no answer in time") from error
        except TelegramError as error:
            raise self._failed(error) from error
        self.reachability.note(is_answered=True)

    def _failed(self, error: TelegramError) -> SendError:
        # The library derives BadRequest, which is an answer, from NetworkError.
        is_answered = isinstance(error, BadRequest) or not isinstance(error, NetworkError)
        self.reachability.note(is_answered=is_answered)
        return as_send_error(error)

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
            raise self._failed(error) from error

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
            self.reachability.note(is_answered=False)
            raise MaybeSent("no answer in time") from error
        self.reachability.note(is_answered=True)
