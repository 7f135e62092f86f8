"""The worker: takes chats from the inbox, and keeps hold of them while they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog

from bot.answering.answerer import Answerer
from bot.answering.asking import RetryingDialogue
from bot.answering.delivery_worker import DeliveryWorker
from bot.answering.dialogue import Dialogue
from bot.answering.pictures import PictureDialogue, ReadPicture
from bot.answering.retry_policy import DEFAULT_POLICY, RetryPolicy
from bot.answering.sending import ReplySender
from bot.answering.slots import Slot, Slots
from bot.answering.waiting import wait_for_event
from bot.channels.contract import Channel
from bot.content.library import Library
from bot.domain.clock import Clock, utc_now
from bot.log import describe
from bot.storage.inbox import Inbox
from bot.storage.queue import Consumer, Entry, LeaseLost
from bot.storage.replies import POLL

log = structlog.get_logger(__name__)

TIDY_SECONDS = 60.0
"""Seconds between two rounds of forgetting what has been kept long enough."""

COUNTED_SECONDS = 10.0
"""Seconds between two times that what was counted is written down."""


class Worker:
    """Answers what is in the inbox, several chats at a time.

    Each channel has slots of its own, so no channel holds another up, and no chat but its own.
    """

    def __init__(
        self,
        inbox: Inbox,
        dialogue: Dialogue,
        library: Callable[[], Library],
        channels: Mapping[str, Channel],
        delivery_worker: DeliveryWorker,
        *,
        at_a_time: int = 8,
        read_picture: ReadPicture | None = None,
        policy: RetryPolicy = DEFAULT_POLICY,
        clock: Clock = utc_now,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`channels`: by name; what came by another is left for a process that has it.
        `delivery_worker`: brings what waits for people when they write.
        `at_a_time`: of each channel, chats for which Rasa is asked.
        `read_picture`: None where pictures cannot be read.
        `leads`: whether this process, of several, is the one that forgets what was kept long enough."""
        self._inbox = inbox
        self._channels = channels
        self._leads = leads
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._slots = Slots(at_a_time, inbox.arrived.set)
        self._in_hand: set[str] = set()
        retrying = RetryingDialogue(dialogue, inbox, library, policy, self._stopping)
        sender = ReplySender(inbox, library, delivery_worker, policy, clock)
        pictures = PictureDialogue(retrying, inbox, library, read_picture, self._stopping)
        self._answerer = Answerer(inbox, dialogue, pictures, sender, library, channels, policy, clock)

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in hand is finished."""
        self._stopping.set()
        self._inbox.arrived.set()

    async def run(self) -> None:
        """Answer messages until `stop` is called. After a failure it may be called again."""
        self._finished.clear()
        chores = [
            asyncio.create_task(self._every(self._inbox.lease.total_seconds() / 3, self._renew)),
            asyncio.create_task(self._every(TIDY_SECONDS, self._tidy)),
            asyncio.create_task(self._every(COUNTED_SECONDS, self._inbox.tally.save)),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                self._inbox.consumer_for = lambda channel: self._hand_for(channel, group)
                try:
                    while not self._stopping.is_set():
                        await self._start_next(group)
                finally:
                    self._inbox.consumer_for = lambda _channel: None
                    await self._inbox.settle()  # what is being written down may be ours already
        finally:
            self._finished.set()
            await asyncio.gather(*chores)
            await self._try(self._inbox.tally.save)

    async def _start_next(self, group: asyncio.TaskGroup) -> None:
        self._inbox.arrived.clear()
        free = [name for name in self._channels if self._slots.has_room(name)]
        self._slots.fall_behind(self._channels.keys() - free)
        entry = await self._claim(free) if free else None
        if entry is None:
            self._slots.catch_up(free)
            await wait_for_event(self._inbox.arrived, POLL)
            return
        slot = self._slots.take(entry.message.channel)
        group.create_task(self._handle(entry, slot))

    def _hand_for(self, channel: str, group: asyncio.TaskGroup) -> Consumer | None:
        """Who takes a message of a channel as it arrives: nobody while others have waited longer."""
        if channel not in self._channels or self._slots.is_behind(channel) or self._stopping.is_set():
            return None
        if not self._slots.has_room(channel):
            self._slots.fall_behind([channel])
            return None
        slot = self._slots.take(channel)

        def hand(entry: Entry | None) -> None:
            if entry and not self._finished.is_set():
                group.create_task(self._handle(entry, slot))
            else:
                slot.leave()

        return hand

    async def _claim(self, channels: Collection[str]) -> Entry | None:
        try:
            return await self._inbox.claim(channels)
        except Exception as error:  # the database may come back
            log.error("claim_failed", **describe(error))
            return None

    async def _renew(self) -> None:
        await self._inbox.renew(self._in_hand)

    async def _tidy(self) -> None:
        if self._leads():
            await self._inbox.tidy()

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        while not await wait_for_event(self._finished, seconds):
            await self._try(chore)

    async def _try(self, chore: Callable[[], Awaitable[None]]) -> None:
        try:
            await chore()
        except Exception as error:  # next time, perhaps
            log.error("chore_failed", **describe(error))

    async def _handle(self, entry: Entry, slot: Slot) -> None:
        """Answer one message, come what may."""
        self._in_hand.add(entry.lease)
        try:
            await self._answerer.answer(entry, slot)
        except LeaseLost:
            log.warning("lease_lost", message_id=entry.id)
        except Exception as error:  # not even postponing it worked; its lease runs out
            log.error("message_left", message_id=entry.id, **describe(error))
        finally:
            self._in_hand.discard(entry.lease)
            slot.leave()
