"""The inbox: a message is written down before it is acknowledged, and forgotten once answered.

Channels call `accept` or `ask`. The worker calls `claim`, `save_plans`, `card_sent`, and in the end
`answered`, `hold` or `postpone`. What each does to the rows is in bot.storage.queue.
"""

from __future__ import annotations

import asyncio
import datetime
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.domain.language import Language
from bot.domain.message import Message
from bot.log import describe
from bot.metrics import MESSAGES, REDELIVERIES, UNWRITABLE
from bot.storage import chat_move, pictures, queue, wakeups
from bot.storage.aggregator import Aggregator
from bot.storage.batch_writer import BatchWriter, PendingWrite
from bot.storage.chat_move import ChatMove
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway, Unwritable, is_of_values
from bot.storage.fairness import RecentlyServed
from bot.storage.models import JsonObject
from bot.storage.outbox import hold_reply
from bot.storage.queue import LEASE, ClaimedElsewhere, Consumer, Entry
from bot.storage.replies import Replies, Waiter, disown, lay_down
from bot.storage.retention import purge
from bot.storage.traffic import Tally

log = structlog.get_logger(__name__)

TIDY_WITHIN = 60.0
"""Seconds that forgetting what has been kept long enough may take."""

MOVE_TRIES = 5
"""How often a chat's move is begun anew when another process is in its way."""

PROBE = "probe"
"""The channel of the message that only tries whether one could be written."""


@dataclass(frozen=True, slots=True)
class SavedPlans:
    """What was saved for a message.

    plans: what is to be said.
    replies: the reply's cards, laid down for the request that waits, with which the message is answered;
        None if they are still to be sent.
    """

    plans: list[JsonObject]
    replies: list[JsonObject] | None = None


Effects = Callable[[Connection], SavedPlans]
"""Does in the database what the plans bring about, in the transaction that saves them; gives what to save."""


@dataclass(frozen=True, slots=True)
class InboxBacklog:
    """How many wait, and for how many seconds the one that has waited longest; 0 if there is none."""

    number: int
    longest: float


class Inbox:
    """The messages that wait, for one process.

    On SQLite there is one process only, so leases found at the start are a dead one's; elsewhere they expire.

    lease: how long a chat stays with a process that no longer renews its lease.
    replies: those that somebody waits for, here.
    tally: counts what was answered.
    arrived: set when there may be something to claim.
    consumer_for: asked, when a message of a channel arrives, for who would take it at once.
    """

    def __init__(
        self,
        database: Database,
        secret: str,
        clock: Clock | None = None,
        *,
        lease: datetime.timedelta = LEASE,
    ) -> None:
        """`secret` keys the hashes of delivery keys; `lease`: as LEASE, of which tests want less."""
        self._database = database
        self._clock = clock or database.clock
        self._secret = secret.encode()
        self._writer = BatchWriter(database, self._write, self._is_written)
        self._served = RecentlyServed()
        self.lease = lease
        self.replies = Replies(database, self._clock)
        self.tally = Tally(database)
        self.arrived = asyncio.Event()
        self.consumer_for: Callable[[str], Consumer | None] = lambda _channel: None

    async def open(self) -> None:
        """Take over what a dead process had in hand. Call once, before anything is claimed."""
        await self._database.set_clock()
        if self._database.is_sqlite:
            await self._database.transact(queue.drop_leases)

    async def listen(self) -> None:
        """Hear of what other processes do, until cancelled."""
        await wakeups.listen(self._database, self._hear)

    def _hear(self, what: str) -> None:
        if what == wakeups.ARRIVED:
            self.arrived.set()
        else:
            self.replies.tell(int(what), [])

    async def settle(self) -> None:
        """Wait until what is at work in the database has ended."""
        await self._writer.settle()
        await self._database.settle()

    async def close(self) -> None:
        """Let go of the database, once what is at work there has ended."""
        await self.settle()
        await self._database.close()

    # What channels do.

    async def accept(self, message: Message) -> int | None:
        """Write a message down; when this returns, it is safe to acknowledge it.

        What arrives while a transaction is under way is written by the next one, all of it together.

        Returns:
            The message's id, or None if it is a redelivery.

        Raises:
            DatabaseAway: it has to come again.
            Unwritable: it can never be written down, and nothing else was held up by it.
        """
        if message.part_of or message.act:
            return await self._accept_together(message)
        return await asyncio.shield(self._arrive(message).written)

    async def ask(self, message: Message, seconds: float) -> list[JsonObject] | None:
        """Write a message down, and wait for the reply that is laid down for it, but not longer.

        Returns:
            The reply's cards, none if it is no longer kept; None if there is no reply yet.

        Raises:
            DatabaseAway, Unwritable: as `accept` does.
        """
        deadline = time.monotonic() + seconds
        waiter: Waiter = asyncio.get_running_loop().create_future()
        arrival = self._arrive(message, waiter)
        try:
            message_id = await asyncio.shield(arrival.written)
            if message_id is None:
                message_id = await self.find(message.channel, message.key)
                if message_id is None or not await self.replies.wait_answered(message_id, seconds):
                    return None
                return await self.replies.cards(message_id)
            return await self.replies.wait(message_id, waiter, deadline)
        finally:
            self.replies.forget(arrival.id, waiter)

    def _arrive(self, message: Message, waiter: Waiter | None = None) -> PendingWrite:
        written: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        arrival = PendingWrite(message, written, self.consumer_for(message.channel), waiter)
        self._writer.add(arrival)
        return arrival

    def _write(self, connection: Connection, arrival: PendingWrite) -> None:
        """Write a message down, and take it for whoever would answer it at once."""
        message, now = self._with_hashed_key(arrival.message), self._clock()
        arrival.entry = None
        arrival.id = queue.write(connection, message, now)
        if arrival.id is not None and arrival.consumer:
            arrival.entry = queue.take(connection, arrival.id, message, now, self.lease)
        if arrival.id is not None and arrival.entry is None:
            wakeups.tell(connection, wakeups.ARRIVED)

    def _is_written(self, arrival: PendingWrite) -> None:
        _count(arrival.message, arrival.id)
        if arrival.id is not None and arrival.waiter:
            self.replies.expect(arrival.id, arrival.waiter)
        if arrival.entry:
            self._served.note(arrival.entry.message.conversation)
        elif arrival.id is not None:
            self.arrived.set()
        if arrival.consumer:
            arrival.consumer(arrival.entry)
        if not arrival.written.done():
            arrival.written.set_result(arrival.id)

    async def _accept_together(self, message: Message) -> int | None:
        """Write down what belongs together with other messages, and is answered once with them."""

        def work(connection: Connection) -> int | None:
            aggregator = Aggregator(connection, lambda key: self._hashed(message.channel, key), self._clock())
            if message.part_of:
                return aggregator.accept_part(message, message.part_of)
            return aggregator.accept_act(message, message.act or message.key)

        try:
            message_id = await self._database.transact(work)
        except DatabaseAway:
            raise
        except Exception as error:
            if not is_of_values(error):
                raise
            UNWRITABLE.labels(message.channel).inc()
            raise Unwritable("the database does not take this message") from error
        _count(message, message_id)
        self.arrived.set()
        return message_id

    async def find(self, channel: str, key: str) -> int | None:
        """The id of the message that came with this delivery key, answered or not."""
        hashed = self._hashed(channel, key)
        return await self._database.transact(lambda connection: queue.find(connection, hashed))

    async def move(self, moved: ChatMove) -> None:
        """Take along all that hangs on a chat that goes on under another name. Raises DatabaseAway."""
        for _ in range(MOVE_TRIES):
            # Another process may take the new chat between our look at its lease and our bringing one.
            with suppress(IntegrityError):
                return await self._database.transact(lambda connection: chat_move.move(connection, moved))
        raise DatabaseAway("the new chat is taken again and again")

    # What the worker does.

    async def claim(self, channels: Collection[str]) -> Entry | None:
        """Take the chat that has waited longest, with its oldest unanswered message.

        A chat that was served just now stands behind those that were not, so that nobody who writes
        much keeps the others waiting.

        Args:
            channels: those that this process can answer on.

        Returns:
            None if there is nothing to do now: all is answered, in hand, or postponed.
        """
        served = self._served.conversations()
        while True:
            try:
                entry = await self._database.transact(
                    lambda connection: queue.claim(connection, channels, served, self._clock(), self.lease)
                )
            except ClaimedElsewhere:
                continue
            if entry:
                self._served.note(entry.message.conversation)
            return entry

    async def picture_text(self, conversation: str) -> str | None:
        """What was read in the last picture of a conversation, while it is kept for its button."""
        now = self._clock()
        return await self._database.transact(
            lambda connection: pictures.kept_text(connection, conversation, now)
        )

    async def renew(self, leases: Collection[str]) -> None:
        """Keep the chats in hand for as long again; none stays locked by a process that was cut off."""
        await self._database.follow_clock()
        await self._database.end_cut_off()
        if leases:
            until = self._clock() + self.lease
            await self._database.transact(lambda connection: queue.renew(connection, leases, until))

    async def save_plans(
        self, entry: Entry, plans: list[JsonObject], effects: Effects | None = None
    ) -> SavedPlans:
        """Write down what is to be said, before it is, and what it brings about: both or neither.

        Returns:
            What was saved: `effects` has the last word. With replies in it the message is answered.

        Raises:
            LeaseLost: nothing was saved.
        """

        def work(connection: Connection) -> tuple[SavedPlans, bool]:
            saved = effects(connection) if effects else SavedPlans(plans)
            if saved.replies is None:
                queue.change(connection, entry, plans=saved.plans, cards_sent=0)
                return saved, False
            now = self._clock()
            lay_down(connection, entry.id, saved.replies, entry.message.conversation, now)
            if not self.replies.is_expected(entry.id):
                wakeups.tell(connection, str(entry.id))
            return saved, queue.finish(connection, entry, now)

        saved, has_more = await self._database.transact(work)
        if saved.replies is not None:
            self._is_answered(entry, saved.replies, has_more=has_more)
        return saved

    async def card_sent(self, entry: Entry, cards_sent: int) -> None:
        """Write down how many cards of the reply are sent. Raises LeaseLost."""
        await self._database.transact(
            lambda connection: queue.change(connection, entry, cards_sent=cards_sent)
        )

    async def answered(self, entry: Entry, *, leaves_no_trace: bool = False) -> None:
        """Forget everything about a message but that it was here. Raises LeaseLost.

        leaves_no_trace: nor is it known any longer whose the reply on the page was, and what was
        deleted leaves SQLite's log as soon as nobody reads it.
        """

        def work(connection: Connection) -> bool:
            if leaves_no_trace:
                disown(connection, entry.message.conversation)
            return queue.finish(connection, entry, self._clock())

        has_more = await self._database.transact(work)
        if leaves_no_trace:
            await self._database.empty_log()
        self._is_answered(entry, [], has_more=has_more)

    async def hold(self, entry: Entry, language: Language, reason: str) -> None:
        """Keep what is left of a reply for the person's next message, and take it for answered.

        The plans have been saved. Raises LeaseLost.

        Args:
            entry: the message.
            language: of the reply.
            reason: why it cannot be sent now, for the operator.
        """
        now = self._clock()

        def work(connection: Connection) -> bool:
            hold_reply(connection, entry, language, reason, now)
            return queue.finish(connection, entry, now)

        self._is_answered(entry, [], has_more=await self._database.transact(work))

    async def postpone(self, entry: Entry, seconds: float, *, is_failure: bool = True) -> None:
        """Give a message back, to be tried again after so many seconds. Raises LeaseLost.

        The later messages of its chat wait with it, so that they are answered in order.
        """
        not_before = self._clock() + min(datetime.timedelta(seconds=seconds), queue.POSTPONED_MOST)
        attempts = entry.attempts + is_failure

        def work(connection: Connection) -> None:
            queue.change(connection, entry, not_before=not_before, attempts=attempts)
            queue.give_back(connection, entry)

        await self._database.transact(work)

    def _is_answered(self, entry: Entry, cards: list[JsonObject], *, has_more: bool) -> None:
        if has_more:
            self.arrived.set()
        self.replies.tell(entry.id, cards)

    # What is done now and then.

    def age(self, entry: Entry) -> float:
        """For how many seconds a message has been here."""
        return (self._clock() - entry.received_at).total_seconds()

    async def backlog(self) -> InboxBacklog:
        """How many messages wait for their reply, and for how long the oldest of them has."""
        number, since = await self._database.transact(queue.unanswered)
        return InboxBacklog(number, max((self._clock() - since).total_seconds(), 0.0) if since else 0.0)

    async def is_reachable(self) -> bool:
        """Whether a message could be written down now: one is, and taken back."""
        try:
            await self._database.transact(self._probe)
        except DatabaseAway as error:
            log.warning("database_not_usable", reason=str(error))
            return False
        except Exception as error:  # whatever it is, it is the database's
            log.error("database_not_usable", **describe(error))
            return False
        return True

    def _probe(self, connection: Connection) -> None:
        probe = Message(channel=PROBE, address="", conversation="", key=secrets.token_hex(16))
        if message_id := queue.write(connection, self._with_hashed_key(probe), self._clock()):
            queue.remove(connection, message_id)

    async def tidy(self) -> None:
        """Delete what has been kept long enough, also from SQLite's write-ahead log."""
        now = self._clock()

        def work(connection: Connection) -> None:
            # Of a process that died with a chat in hand which nobody has written in since.
            queue.drop_leases(connection, until=now - self.lease)
            purge(connection, now)

        await self._database.transact(work, within=TIDY_WITHIN)
        await self._database.empty_log()

    async def empty_log(self) -> bool:
        """Whether what was deleted is gone from SQLite's log, too."""
        return await self._database.empty_log()

    def _hashed(self, channel: str, key: str) -> str:
        return queue.hashed_key(self._secret, channel, key)

    def _with_hashed_key(self, message: Message) -> Message:
        return replace(message, key=self._hashed(message.channel, message.key))


def _count(message: Message, message_id: int | None) -> None:
    if message_id is None:
        REDELIVERIES.labels(message.channel).inc()
    elif message.pictures:
        MESSAGES.labels(message.channel, "picture").inc()
    elif message.unreadable:
        MESSAGES.labels(message.channel, "unreadable").inc()
    else:
        MESSAGES.labels(message.channel, "text" if message.button is None else "button").inc()
