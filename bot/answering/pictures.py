"""What is said to a picture: what stands in it, and whether to ask about that."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bot.answering.asking import RetryingDialogue
from bot.answering.dialogue import Decision
from bot.answering.effects import NOTHING_FOUND
from bot.answering.slots import Slot
from bot.cards.actions import NO_CLARIFICATION, PICTURE_READ
from bot.channels.contract import Channel, PictureGone, TryLater
from bot.channels.incoming import as_read
from bot.content.library import Library
from bot.domain.language import DEFAULT_LANGUAGE
from bot.domain.payload import CHECK_PICTURE
from bot.domain.plan import Kind, Plan
from bot.reading.limits import WAITING_MOST
from bot.reading.reader import NotRead
from bot.storage.inbox import Inbox
from bot.storage.queue import Entry
from bot.text.asked_about import asks_about, with_what_is_asked_about

log = structlog.get_logger(__name__)

ReadPicture = Callable[[bytes], Awaitable[str]]
"""From the bytes of a picture to what stands in it. Raises NotRead."""

FETCH_SECONDS = 20.0
"""How long a platform may take to give out a picture."""

FETCHES = 3
"""How often it is asked for one."""

AFTER_WORDS = datetime.timedelta(microseconds=10)
"""The button that words stand for comes after them: one message has one place in its context."""

LETTERS_LEAST = 3
"""Fewer are no words."""


class _Unread(Exception):
    """Nothing was read. reason: of the plan that says so."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Stopping(Exception):
    """The worker is to end; the picture is read by whoever comes next."""


class PictureDialogue:
    """The dialogue, which also understands pictures.

    They are read one at a time, so that messages in words do not wait for them. Nothing is lost if this
    process dies meanwhile: a picture's message stays in the inbox until it is answered.
    """

    def __init__(
        self,
        retrying: RetryingDialogue,
        inbox: Inbox,
        library: Callable[[], Library],
        read: ReadPicture | None,
        stopping: asyncio.Event,
    ) -> None:
        """`read`: None where pictures cannot be read; they are answered as anything that is no text."""
        self._retrying = retrying
        self._inbox = inbox
        self._library = library
        self._read = read
        self._stopping = stopping
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def decide(self, entry: Entry, channel: Channel, slot: Slot) -> tuple[Entry, Decision] | None:
        """What to say to a message, and the message with the words that were asked about; None if the worker
        is to stop before that is known.

        Raises:
            TryLater: the platform does not give out the picture just now.
        """
        message = entry.message
        if message.button == CHECK_PICTURE:
            kept = await self._inbox.picture_text(message.conversation)
            return await self._ask(_with_text(entry, kept or ""), channel)
        if not message.pictures or message.button is not None or self._read is None:
            return await self._ask_in_words(entry, channel)
        slot.stop_asking()  # what it waits for now is not Rasa
        try:
            return await self._look(entry, channel, self._read)
        except _Stopping:
            return None

    async def _ask(self, entry: Entry, channel: Channel) -> tuple[Entry, Decision] | None:
        decision = await self._retrying.decide(entry, channel)
        return (entry, decision) if decision else None

    async def _ask_in_words(self, entry: Entry, channel: Channel) -> tuple[Entry, Decision] | None:
        """What to say to words. "yes" or "is it true?" may stand for the button below what was read."""
        found = await self._ask(entry, channel)
        message = entry.message
        if found is None or message.button is not None:
            return found
        if not _says_nothing_of_its_own(message.text, found[1]):
            return found
        kept = await self._inbox.picture_text(message.conversation)
        if kept is None:
            return found
        pressed = replace(message, button=CHECK_PICTURE, text=kept)
        return await self._ask(
            replace(entry, message=pressed, received_at=entry.received_at + AFTER_WORDS), channel
        )

    async def _look(self, entry: Entry, channel: Channel, read: ReadPicture) -> tuple[Entry, Decision] | None:
        """A caption counts as the question, the picture as what it is about."""
        message = entry.message
        language = message.language or DEFAULT_LANGUAGE
        try:
            words = await self._words(entry, channel, read)
        except _Unread as unread:
            if message.text:
                return await self._ask(entry, channel)
            said = {"reply": Kind.FALLBACK, "language": language, "reason": unread.reason}
            return entry, Decision((Plan.model_validate(said),), self._library())
        if message.is_once:  # one card, under which there is nothing to press
            return await self._ask(_with_text(entry, words), channel)
        seen = Plan(reply=Kind.ACTION, language=language, action=PICTURE_READ.name, read=words)
        if not message.text:
            return entry, Decision((seen,), self._library())
        question, _ = as_read(with_what_is_asked_about(message.text, words))
        found = await self._ask(_with_text(entry, question), channel)
        if found is None or message.is_quiet:
            return found
        asked, decision = found
        seen = seen.model_copy(update={"language": decision.plans[0].language})
        return asked, Decision((*decision.plans, seen), decision.library)

    async def _words(self, entry: Entry, channel: Channel, read: ReadPicture) -> str:
        """What stands in a message's pictures, cleaned, masked and bounded. Raises _Unread, _Stopping."""
        if self._waiting >= WAITING_MOST:
            raise _Unread("picture_busy")
        working = asyncio.create_task(self._retrying.show_working(entry.message, channel))
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                if self._stopping.is_set():
                    raise _Stopping
                return await self._words_of_all(entry, channel, read)
        finally:
            self._waiting -= 1
            await working

    async def _words_of_all(self, entry: Entry, channel: Channel, read: ReadPicture) -> str:
        found, problem = [], "picture_no_words"
        for reference in entry.message.pictures:
            try:
                found.append(await read(await self._bytes(entry, channel, reference)))
            except (PictureGone, NotRead) as error:
                log.info("picture_not_read", message_id=entry.id, channel=channel.name, reason=str(error))
                problem = "picture_refused"
        words, _ = as_read("\n".join(found))
        if sum(map(str.isalpha, words)) < LETTERS_LEAST:
            raise _Unread(problem)
        return words

    async def _bytes(self, entry: Entry, channel: Channel, reference: str) -> bytes:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await channel.fetch_picture(reference)
        except (TryLater, TimeoutError) as error:
            if entry.attempts + 1 >= FETCHES:
                raise PictureGone("it was asked for often enough") from error
            raise TryLater("a picture cannot be fetched just now", 1.0) from error


def _says_nothing_of_its_own(text: str, decision: Decision) -> bool:
    """Whether a message is a few words to which the dialogue has no more to say than "yes?" or "no idea"."""
    first = decision.plans[0]
    is_open = first.action in {"affirm", NO_CLARIFICATION.name} or first.reason in NOTHING_FOUND
    return is_open and bool(text) and asks_about(text)


def _with_text(entry: Entry, text: str) -> Entry:
    return replace(entry, message=replace(entry.message, text=text, unreadable=False))
