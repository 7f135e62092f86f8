"""The way of one update of Telegram into the inbox."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress

import structlog
from telegram import InlineQuery, Update
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.channels.opaque import OpaqueNames
from bot.channels.telegram.background import BackgroundTasks
from bot.channels.telegram.essential import essential
from bot.channels.telegram.inline import InlineMode
from bot.channels.telegram.updates import UpdateReader, move_of
from bot.log import describe
from bot.storage.chat_move import ChatMove
from bot.storage.inbox import Inbox

log = structlog.get_logger(__name__)

Raw = dict[str, object]
"""An update as it came."""


class UpdateHandler:
    """Writes what updates say into the inbox."""

    def __init__(
        self,
        bot: ExtBot[None],
        inbox: Inbox,
        background: BackgroundTasks,
        opaque: OpaqueNames,
        forget_context: Callable[[str], Coroutine[None, None, None]] | None,
        inline: InlineMode,
    ) -> None:
        """`forget_context` lets the Rasa side forget a conversation that goes on under another name."""
        self._bot = bot
        self._inbox = inbox
        self._background = background
        self._opaque = opaque
        self._forget_context = forget_context
        self._inline = inline

    async def handle(self, raw: Raw, reader: UpdateReader) -> None:
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
        if update and update.inline_query:
            # What somebody has typed half is no message: nobody would miss it after a crash.
            self._background.begin(self._list(update.inline_query))
        if update and update.callback_query:
            self._background.begin(self._stop_spinner(update.callback_query.id))
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

    async def was_moved(self, before: int, after: int) -> None:
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
            self._background.begin(self._forget_context(moved.before.conversation))

    async def _list(self, query: InlineQuery) -> None:
        """Answer an inline query; one that is too old needs it no more."""
        with suppress(TelegramError):
            await self._inline.answer(query)

    async def _stop_spinner(self, query_id: str) -> None:
        """Answer a pressed button; one that was answered before or is too old needs it no more."""
        with suppress(TelegramError):
            await self._bot.answer_callback_query(query_id)
