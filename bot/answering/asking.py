"""Asks the dialogue what to say, again and again while Rasa is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from bot.answering.dialogue import Decision, Dialogue, in_trouble
from bot.answering.retry_policy import RetryPolicy
from bot.answering.waiting import wait_for_event
from bot.backoff import pause_after
from bot.channels.contract import Channel
from bot.content.library import Library
from bot.domain.message import Message
from bot.rasa.client import RasaFailed, RasaUnavailable
from bot.storage.inbox import Inbox
from bot.storage.queue import Entry

log = structlog.get_logger(__name__)


class RetryingDialogue:
    """The dialogue, asked until it answers or the person has waited long enough."""

    def __init__(
        self,
        dialogue: Dialogue,
        inbox: Inbox,
        library: Callable[[], Library],
        policy: RetryPolicy,
        stopping: asyncio.Event,
    ) -> None:
        """`stopping`: set when whoever waits between two tries is to give up."""
        self._dialogue = dialogue
        self._inbox = inbox
        self._library = library
        self._policy = policy
        self._stopping = stopping

    async def decide(self, entry: Entry, channel: Channel) -> Decision | None:
        """What to say to a message, if only that there is trouble; None if the worker is to stop before that
        is known."""
        tries, failures = 0, 0
        while True:
            try:
                return await self._ask(entry, channel)
            except RasaUnavailable:
                # However long the queue, nobody waits longer than if they were its first.
                waited = min(self._inbox.age(entry), self._dialogue.rasa_away)
                is_enough = waited >= self._policy.rasa_total
            except RasaFailed:
                failures += 1
                is_enough = failures >= self._policy.failures
            if is_enough:
                log.error("no_plan", message_id=entry.id, channel=channel.name)
                return in_trouble(entry.message, self._library())
            pause = pause_after(tries, first=self._policy.rasa_first, longest=self._policy.rasa_most)
            tries += 1
            if await wait_for_event(self._stopping, pause):
                return None

    async def _ask(self, entry: Entry, channel: Channel) -> Decision:
        """Ask Rasa, while the person sees that somebody is at work.

        That is on its way before Rasa is asked and over before a card is sent: shown after the
        answer, it would promise more.
        """
        working = asyncio.create_task(self.show_working(entry.message, channel))
        await asyncio.sleep(0)
        try:
            return await self._dialogue.decide(entry.message, entry.received_at.timestamp())
        finally:
            await working

    async def show_working(self, message: Message, channel: Channel) -> None:
        """Let the person see that somebody is at work, unless a group talks among itself."""
        if not message.is_quiet:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._policy.working):
                    await channel.show_working(message.address)
