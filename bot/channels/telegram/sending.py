"""Sends a card's messages at the pace Telegram allows, and says what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from telegram import InlineKeyboardMarkup, InlineQueryResultArticle, InputFile, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    NetworkError,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.channels.contract import MaybeSent, SendError, TryLater, Unreachable
from bot.channels.reachability import Reachability
from bot.channels.telegram.errors import as_send_error
from bot.channels.telegram.pace import Pace
from bot.channels.telegram.render import Part, TelegramMessages
from bot.channels.telegram.updates import chat_of

log = structlog.get_logger(__name__)

SEND_SECONDS = 30.0
"""How long a call may take in all: the timeouts of a connection start anew with every byte."""


PhotoOf = Callable[[str], Awaitable[bytes | None]]
"""From the path of a picture to its bytes; None if it is not there."""


async def _nothing_hangs_on(_before: int, _after: int) -> None:
    pass


async def no_photo(_path: str) -> bytes | None:
    """Of a channel that was lent no pictures."""
    return None


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
        photo: PhotoOf = no_photo,
        public_url: str = "",
    ) -> None:
        """A sender.

        Args:
            bot: the library's.
            pace: at which messages go out.
            moved: told a group's old id and its new one.
            within: the seconds of a call.
            photo: the pictures of cards.
            public_url: where Telegram may fetch them; if it is no https address, they are uploaded.
        """
        self._bot = bot
        self._pace = pace or Pace()
        self._tell_moved = moved
        self._within = within
        self._photo = photo
        self._public_url = public_url
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
        if part.photo and await self._send_photo(chat, topic, part):
            return
        try:
            await self._call(chat, topic, part.html, ParseMode.HTML, keyboard)
        except BadRequest as error:
            if "can't parse entities" not in error.message.lower():
                raise
            # A slip in the markup must not cost the person the answer.
            log.error("html_refused", reason=error.message)
            await self._call(chat, topic, part.plain, None, keyboard)

    async def _send_photo(self, chat: int, topic: int | None, part: Part) -> bool:
        """Send a picture by its address, or else upload it; whether Telegram took it. Where it did not, the
        caption is worth sending alone: it has the link."""
        ways: list[str | None] = [None]
        if self._public_url.startswith("https://"):
            ways.insert(0, f"{self._public_url}{part.photo}")
        for address in ways:
            data = None if address else await self._photo(part.photo or "")
            given = address or (InputFile(data, (part.photo or "").rpartition("/")[2]) if data else None)
            if given is None:
                return False
            try:
                call = partial(
                    self._bot.send_photo, chat, given, caption=part.html, parse_mode=ParseMode.HTML
                )
                await self._within_time(chat, partial(call, message_thread_id=topic))
            except BadRequest as error:
                if isinstance(as_send_error(error), Unreachable):
                    raise
                log.warning("photo_refused", reason=error.message, by_address=bool(address))
            else:
                return True
        return False

    async def _call(
        self,
        chat: int,
        topic: int | None,
        text: str,
        parse_mode: ParseMode | None,
        keyboard: InlineKeyboardMarkup | None,
    ) -> None:
        await self._within_time(
            chat,
            lambda: self._bot.send_message(
                chat,
                text,
                parse_mode=parse_mode,
                message_thread_id=topic,
                reply_markup=keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
        )

    async def _within_time(self, chat: int, call: Callable[[], Awaitable[object]]) -> None:
        await self._pace.wait(chat)
        try:
            async with asyncio.timeout(self._within):
                await call()
        except TimeoutError as error:
            self.reachability.note(is_answered=False)
            raise MaybeSent("no answer in time") from error
        self.reachability.note(is_answered=True)
