"""Brings what lies in the outbox, one thing after the other, beside the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping

import structlog

from bot.answering.retry_policy import SEND_SECONDS
from bot.answering.waiting import wait_for_event
from bot.backoff import pause_after
from bot.cards.deliveries import compose_delivery
from bot.channels.contract import Channel, MaybeSent, OnlyInReply, Rejected, TryLater, Unreachable
from bot.content.library import Library
from bot.domain.clock import Clock, local_day, utc_now
from bot.domain.delivery import DueDelivery
from bot.log import describe
from bot.storage.outbox import Failure, Outbox
from bot.storage.queue import Entry

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks into the outbox while it is empty."""

AGAIN_FIRST, AGAIN_MOST = 5.0, 3600.0
"""Seconds until a delivery is tried again; they grow from one to the other."""

TRIES = 40
"""Tries of a delivery, over more than a day: a reply that somebody wrote is worth it."""

REST_MOST = 30.0
"""Seconds for which a platform that asks for patience gets no more deliveries. One flooded group
may ask for longer, but that is its own."""

MOST_CARDS = 2
"""Cards of one delivery: the staff's reply, and the answer that goes with it."""


class DeliveryWorker:
    """Sends deliveries, with the channels' own `send`.

    On each channel one at a time: that is less than any platform allows in all, and leaves room for
    answers; and a platform that hangs holds up no other.
    """

    def __init__(
        self,
        outbox: Outbox,
        library: Callable[[], Library],
        channels: Mapping[str, Channel],
        *,
        look_seconds: float = LOOK_SECONDS,
        clock: Clock = utc_now,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """`leads`: whether this process, of several, is the one that brings what nobody waits for here."""
        self._outbox = outbox
        self._library = library
        self._channels = channels
        self._look_seconds = look_seconds
        self._clock = clock
        self._leads = leads
        self._stopping = asyncio.Event()
        self._rests_until: dict[str, float] = {}

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the delivery in hand is finished."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until `stop` is called."""
        async with asyncio.TaskGroup() as group:
            for name in self._channels:
                group.create_task(self._deliver_on(name))

    async def _deliver_on(self, name: str) -> None:
        while not self._stopping.is_set():
            try:
                is_idle = not await self.deliver_next([name])
            except Exception as error:  # the database may come back; what was in hand comes again
                log.error("delivery_left", **describe(error))
                is_idle = True
            if is_idle:
                await wait_for_event(self._stopping, self._look_seconds)

    async def deliver_next(self, channels: Collection[str] | None = None) -> bool:
        """Deliver what is due next, on one of these channels or on any; False if nothing is."""
        if not self._leads():
            return False
        now = time.monotonic()
        paused = self._library().messages.paused
        awake = [
            name
            for name in (self._channels if channels is None else channels)
            if self._rests_until.get(name, 0) <= now and paused.on(name) is None
        ]
        due = await self._outbox.claim(awake) if awake else None
        if due is None:
            return False
        await self._deliver(due, self._channels[due.channel])
        return True

    async def waiting_for(self, entry: Entry) -> list[DueDelivery]:
        """What waits for the person who wrote a message."""
        return await self._outbox.waiting_for(entry.message.conversation)

    async def add_to_reply(
        self, waiting: list[DueDelivery], entry: Entry, channel: Channel, position: int, library: Library
    ) -> None:
        """Deliver what waited for the person, now that they wrote.

        Args:
            waiting: what `waiting_for` gave.
            entry: their message, in hand.
            channel: the one it came by.
            position: the first that is free after the reply's own cards.
            library: the version of content/ that the reply is said from.

        Raises:
            Unreachable, TryLater: as `Channel.send` does; what was not sent waits on.
        """
        for due in waiting:
            # A place of its own for every card, also after a crash between two deliveries.
            first = position + due.id * MOST_CARDS
            try:
                is_sent = await self._send(due, channel, entry.message.address, entry.id, first, library)
            except OnlyInReply as error:  # that is as much as the platform lets through in one go
                await self._outbox.waits(due, str(error))
                return
            await self._done(due, is_sent=is_sent)

    async def _deliver(self, due: DueDelivery, channel: Channel) -> None:
        try:
            is_sent = await self._send(due, channel, due.address, -due.id, 0, self._library())
        except Unreachable as error:
            _log(due, error)
            if due.announcement:
                await self._outbox.unsubscribe(due)
            else:
                await self._outbox.undeliverable(due, Failure.UNREACHABLE)
        except OnlyInReply as error:
            await self._outbox.waits(due, str(error))
        except TryLater as error:
            if not error.is_chats_own:
                self._rests_until[due.channel] = time.monotonic() + min(error.seconds, REST_MOST)
            await self._again(due, error.seconds)
        except Exception as error:  # ours
            _log(due, error)
            await self._again(due, 0)
        else:
            await self._done(due, is_sent=is_sent)

    async def _done(self, due: DueDelivery, *, is_sent: bool) -> None:
        await (self._outbox.sent(due) if is_sent else self._outbox.undeliverable(due, Failure.REFUSED))

    async def _send(
        self, due: DueDelivery, channel: Channel, address: str, message_id: int, first: int, library: Library
    ) -> bool:
        """Send a delivery's cards from where it stopped; whether anything of it may have arrived.

        `first` is the position of its first card; the rest are `Channel.send`'s arguments.
        """
        is_sent = due.cards_sent > 0
        cards = compose_delivery(due, library, local_day(self._clock()))
        for number, card in list(enumerate(cards))[due.cards_sent :]:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await channel.send(address, message_id, first + number, card)
                is_sent = True
            except (MaybeSent, TimeoutError) as error:  # said twice is worse than perhaps not at all
                _log(due, error)
                is_sent = True
            except Rejected as error:
                _log(due, error)
            await self._outbox.card_sent(due, number + 1)
        return is_sent

    async def _again(self, due: DueDelivery, seconds: float) -> None:
        if due.attempts + 1 >= TRIES:
            log.error("delivery_dropped", delivery=due.id, channel=due.channel)
            await self._outbox.undeliverable(due, Failure.GAVE_UP)
            return
        ours = pause_after(due.attempts, first=AGAIN_FIRST, longest=AGAIN_MOST)
        await self._outbox.postpone(due, max(seconds, ours))


def _log(due: DueDelivery, error: Exception) -> None:
    log.warning("delivery_failed", delivery=due.id, channel=due.channel, **describe(error))
