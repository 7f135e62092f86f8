"""The inbox: a message is written down before it is acknowledged, and forgotten once answered."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

import structlog
from sqlalchemy import Executable, Select, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import aliased

from bot.content.schema import Language
from bot.conversation.message import Message
from bot.log import describe
from bot.metrics import MESSAGES, REDELIVERIES
from bot.store.database import is_sqlite, truncate_log
from bot.store.models import ChatLease, Delivery, DeliveryStatus, InboxMessage, JsonObject, WebReply
from bot.store.retention import purge
from bot.store.work import Clock, Store, uninterrupted, utc_now

log = structlog.get_logger(__name__)

Effects = Callable[[AsyncConnection], Awaitable[list[JsonObject]]]
"""What plans bring about in the database, in the transaction that saves them; gives the plans to save."""

LEASE = datetime.timedelta(seconds=30)
"""How long a chat stays with a process that no longer renews its lease."""

REDELIVERY = datetime.timedelta(days=7)
"""How long a redelivery is known. The longest any of our platforms tries again is a day."""

WEB_REPLY = datetime.timedelta(minutes=10)
"""How long a page that lost its connection can still ask for a reply."""

POLL = 1.0
"""Seconds after which a waiter looks for what another process did."""


class LeaseLost(Exception):
    """The chat went to another worker, because this one was silent for longer than LEASE."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in hand.

    lease: proof that its chat is ours.
    message: as it came, but its key is the hashed one.
    plans: what is to be said, once that is known; cards_sent: how much of it was.
    attempts: how often answering has failed.
    """

    id: int
    lease: str
    message: Message
    received_at: datetime.datetime
    plans: list[JsonObject] | None
    cards_sent: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and for how many seconds the one that has waited longest; 0 if there is none."""

    number: int
    longest: float


_Arrival = tuple[Message, "asyncio.Future[int | None]"]
"""A message to be written down, and what will tell its id."""


class Inbox(Store):
    """The messages that wait, for one process.

    Chats, not messages, are leased: a chat is answered in order by one worker at a time,
    different chats in parallel. On SQLite there is one process only, so leases found at the start
    are a dead one's; elsewhere they expire.

    arrived: set when there may be something to claim.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        secret: str,
        clock: Clock = utc_now,
        *,
        lease: datetime.timedelta = LEASE,
    ) -> None:
        """`secret` keys the hashes of delivery keys; `lease`: as LEASE, of which tests want less."""
        super().__init__(engine, clock)
        self._secret = secret.encode()
        self.lease = lease
        self._arrivals: list[_Arrival] = []
        self._writing = asyncio.Lock()
        self._waiters: dict[int, list[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        self.arrived = asyncio.Event()

    @uninterrupted
    async def open(self) -> None:
        """Take over what a dead process had in hand. Call once, before anything is claimed."""
        if is_sqlite(self._engine.url):
            async with self._engine.begin() as connection:
                await connection.execute(delete(ChatLease))

    async def close(self) -> None:
        """Let go of the database, once what is at work there has ended."""
        await self.settle()
        await self._engine.dispose()

    async def is_reachable(self) -> bool:
        """Whether the database answers within two seconds."""
        try:
            async with asyncio.timeout(2):
                await self._touch()
        except Exception:  # whatever it is, it is the database's
            return False
        return True

    @uninterrupted
    async def _touch(self) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(select(1))

    # What channels do.

    @uninterrupted
    async def accept(self, message: Message) -> int | None:
        """Write a message down; when this returns, it is safe to acknowledge it.

        What arrives while another message is being written goes along with the next: a burst waits
        for few transactions, and is acknowledged in time.

        Returns:
            The message's id, or None if it is a redelivery.
        """
        written: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._arrivals.append((message, written))
        async with self._writing:
            if not written.done():
                await self._write_arrivals()
        return await written

    async def _write_arrivals(self) -> None:
        arrivals: list[_Arrival] = []
        try:
            async with self._engine.begin() as connection:
                arrivals = self._take_arrivals()  # as late as can be
                ids = [await connection.scalar(self._new(message)) for message, _ in arrivals]
        except Exception as error:
            for _, written in arrivals or self._take_arrivals():
                written.set_exception(error)
            return
        for (message, written), message_id in zip(arrivals, ids, strict=True):
            if message_id is None:
                REDELIVERIES.labels(message.channel).inc()
            else:
                MESSAGES.labels(message.channel, _kind(message)).inc()
            written.set_result(message_id)
        self.arrived.set()

    def _take_arrivals(self) -> list[_Arrival]:
        arrivals, self._arrivals = self._arrivals, []
        return arrivals

    def _new(self, message: Message) -> Executable:
        """The statement that writes a message down and gives its id, or nothing for a redelivery."""
        now = self._clock()
        insert_or_not = sqlite.insert if is_sqlite(self._engine.url) else postgresql.insert
        return (
            insert_or_not(InboxMessage)
            .values(
                channel=message.channel,
                key=self._hashed(message.channel, message.key),
                conversation=message.conversation,
                address=message.address,
                text=message.text,
                button=message.button,
                language=message.language,
                is_cut=message.is_cut,
                is_quiet=message.is_quiet,
                unreadable=message.unreadable,
                received_at=now,
                not_before=now,
            )
            .on_conflict_do_nothing(index_elements=[InboxMessage.key])
            .returning(InboxMessage.id)
        )

    @uninterrupted
    async def find(self, channel: str, key: str) -> int | None:
        """The id of the message that came with this delivery key, answered or not."""
        query = select(InboxMessage.id).where(InboxMessage.key == self._hashed(channel, key))
        async with self._engine.begin() as connection:
            found: int | None = await connection.scalar(query)
        return found

    @uninterrupted
    async def save_web_reply(self, message_id: int, position: int, card: JsonObject) -> None:
        """Lay a card down for the request that waits; a repeat replaces the first."""
        place = (WebReply.message_id == message_id) & (WebReply.position == position)
        values = {
            "message_id": message_id,
            "position": position,
            "card": card,
            "conversation": select(InboxMessage.conversation)
            .where(InboxMessage.id == message_id)
            .scalar_subquery(),
            "saved_at": self._clock(),
        }
        async with self._engine.begin() as connection:
            await connection.execute(delete(WebReply).where(place))
            await connection.execute(insert(WebReply).values(values))

    @uninterrupted
    async def web_reply(self, message_id: int) -> list[JsonObject]:
        """The cards laid down for a message, in order."""
        query = select(WebReply.card).where(WebReply.message_id == message_id).order_by(WebReply.position)
        async with self._engine.begin() as connection:
            return list(await connection.scalars(query))

    async def wait_answered(self, message_id: int, seconds: float) -> bool:
        """Wait until a message is answered, here or in another process; False if time runs out.

        Those who wait are told by this process's worker at once; what another process answered is
        seen by one look at the database a second for all of them.
        """
        done = asyncio.Event()
        self._waiters.setdefault(message_id, []).append(done)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_answers())
        try:
            async with asyncio.timeout(seconds):
                if not await self._answered_of([message_id]):
                    await done.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters[message_id].remove(done)
            if not self._waiters[message_id]:
                del self._waiters[message_id]
            if not self._waiters:
                self._looking.cancel()
                self._looking = None
        return True

    async def _look_for_answers(self) -> None:
        """Tell those who wait of what is answered; ended by the last of them."""
        while True:
            await asyncio.sleep(POLL)
            try:
                answered = await self._answered_of(list(self._waiters))
            except Exception as error:  # out of reach; they go on waiting, and so does the look
                log.warning("answers_not_seen", **describe(error))
                continue
            for message_id in answered:
                self._tell_waiters(message_id)

    @uninterrupted
    async def _answered_of(self, message_ids: Collection[int]) -> list[int]:
        query = select(InboxMessage.id).where(
            InboxMessage.id.in_(message_ids), InboxMessage.answered_at.is_not(None)
        )
        async with self._engine.begin() as connection:
            return list(await connection.scalars(query))

    # What the worker does.

    @uninterrupted
    async def claim(self, channels: Collection[str]) -> Entry | None:
        """Take the chat that has waited longest, with its oldest unanswered message.

        Args:
            channels: those that this process can answer on.

        Returns:
            None if there is nothing to do now: all is answered, in hand, or postponed.
        """
        while True:
            try:
                async with self._engine.begin() as connection:
                    conversation = await connection.scalar(self._waiting_longest(channels))
                    if conversation is None:
                        return None
                    lease = await self._lease(connection, conversation)
                    # Only what is read after the lease is ours is sure to be unanswered still.
                    if entry := await self._oldest(connection, conversation, lease):
                        return entry
                    await connection.rollback()
            except IntegrityError:
                continue  # another process was quicker

    def _waiting_longest(self, channels: Collection[str]) -> Select[str | None]:
        now, earlier = self._clock(), aliased(InboxMessage)
        has_earlier = exists().where(
            earlier.conversation == InboxMessage.conversation,
            earlier.answered_at.is_(None),
            earlier.id < InboxMessage.id,
        )
        in_hand = exists().where(
            ChatLease.conversation == InboxMessage.conversation, ChatLease.leased_until > now
        )
        return (
            select(InboxMessage.conversation)
            .where(
                InboxMessage.answered_at.is_(None),
                InboxMessage.not_before <= now,
                InboxMessage.channel.in_(channels),
                ~has_earlier,
                ~in_hand,
            )
            .order_by(InboxMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=InboxMessage)
        )

    async def _lease(self, connection: AsyncConnection, conversation: str) -> str:
        """Take a chat. Raises IntegrityError if another has it."""
        now, lease = self._clock(), secrets.token_hex(16)
        expired = (ChatLease.conversation == conversation) & (ChatLease.leased_until <= now)
        await connection.execute(delete(ChatLease).where(expired))
        await connection.execute(
            insert(ChatLease).values(conversation=conversation, lease=lease, leased_until=now + self.lease)
        )
        return lease

    async def _oldest(self, connection: AsyncConnection, conversation: str, lease: str) -> Entry | None:
        """A chat's oldest unanswered message, if it is due."""
        query = (
            select(InboxMessage.__table__)
            .where(InboxMessage.conversation == conversation, InboxMessage.answered_at.is_(None))
            .order_by(InboxMessage.id)
            .limit(1)
        )
        row = (await connection.execute(query)).one_or_none()
        if row is None or row.not_before > self._clock():
            return None
        message = Message(
            channel=row.channel,
            address=row.address,
            conversation=conversation,
            key=row.key,
            text=row.text,
            button=row.button,
            is_cut=row.is_cut,
            is_quiet=row.is_quiet,
            unreadable=row.unreadable,
            language=Language(row.language) if row.language else None,
        )
        return Entry(row.id, lease, message, row.received_at, row.plans, row.cards_sent, row.attempts)

    @uninterrupted
    async def renew(self, leases: Collection[str]) -> None:
        """Keep the chats in hand for as long again."""
        mine = update(ChatLease).where(ChatLease.lease.in_(leases))
        async with self._engine.begin() as connection:
            await connection.execute(mine.values(leased_until=self._clock() + self.lease))

    @uninterrupted
    async def save_plans(
        self, entry: Entry, plans: list[JsonObject], effects: Effects | None = None
    ) -> list[JsonObject]:
        """Write down what is to be said, before it is, and what it brings about: both or neither.

        Returns:
            The plans that were saved: `effects` has the last word on them.

        Raises:
            LeaseLost: nothing was saved.
        """
        async with self._engine.begin() as connection:
            if effects:
                plans = await effects(connection)
            await self._change(connection, entry, plans=plans, cards_sent=0)
        return plans

    @uninterrupted
    async def card_sent(self, entry: Entry, cards_sent: int) -> None:
        """Write down how many cards of the reply are sent. Raises LeaseLost."""
        async with self._engine.begin() as connection:
            await self._change(connection, entry, cards_sent=cards_sent)

    @uninterrupted
    async def answered(self, entry: Entry, *, leaves_no_trace: bool = False) -> None:
        """Forget everything about a message but that it was here. Raises LeaseLost.

        leaves_no_trace: nor is it known any longer whose the reply on the page was, and what was
        deleted leaves SQLite's log at once.
        """
        # One connection for both: SQLite has no other, so nobody sees the answer before the log is empty.
        async with self._engine.connect() as connection:
            async with connection.begin():
                if leaves_no_trace:
                    mine = WebReply.conversation == entry.message.conversation
                    await connection.execute(update(WebReply).where(mine).values(conversation=None))
                await self._forget_message(connection, entry)
            if leaves_no_trace:
                await truncate_log(connection)
        self._tell_waiters(entry.id)

    async def _forget_message(self, connection: AsyncConnection, entry: Entry) -> None:
        await self._change(
            connection,
            entry,
            answered_at=self._clock(),
            conversation=None,
            address=None,
            text=None,
            button=None,
            language=None,
            plans=None,
        )
        await self._release(connection, entry)

    def _tell_waiters(self, message_id: int) -> None:
        for waiter in self._waiters.get(message_id, []):
            waiter.set()

    @uninterrupted
    async def hold(self, entry: Entry, language: Language, reason: str) -> None:
        """Keep what is left of a reply for the person's next message, and take it for answered.

        The plans have been saved. Raises LeaseLost.

        Args:
            entry: the message.
            language: of the reply.
            reason: why it cannot be sent now, for the operator.
        """
        now = self._clock()
        async with self._engine.begin() as connection:
            query = select(InboxMessage.plans, InboxMessage.cards_sent).where(InboxMessage.id == entry.id)
            saved = (await connection.execute(query)).one()
            held = insert(Delivery).values(
                status=DeliveryStatus.WAITING,
                channel=entry.message.channel,
                language=language,
                conversation=entry.message.conversation,
                plans=saved.plans,
                cards_sent=saved.cards_sent,
                reason=reason,
                not_before=now,
                queued_at=now,
            )
            await connection.execute(held)
            await self._forget_message(connection, entry)
        self._tell_waiters(entry.id)

    @uninterrupted
    async def postpone(self, entry: Entry, seconds: float, *, is_failure: bool = True) -> None:
        """Give a message back, to be tried again after so many seconds. Raises LeaseLost.

        The later messages of its chat wait with it, so that they are answered in order.
        """
        not_before = self._clock() + datetime.timedelta(seconds=seconds)
        attempts = entry.attempts + is_failure
        async with self._engine.begin() as connection:
            await self._change(connection, entry, not_before=not_before, attempts=attempts)
            await self._release(connection, entry)

    async def _change(self, connection: AsyncConnection, entry: Entry, **values: object) -> None:
        # Locked, so that nobody takes the lease over between this look and our commit.
        mine = select(ChatLease.conversation).where(ChatLease.lease == entry.lease).with_for_update()
        change = update(InboxMessage).where(
            InboxMessage.id == entry.id, InboxMessage.conversation == mine.scalar_subquery()
        )
        if (await connection.execute(change.values(values))).rowcount == 0:
            raise LeaseLost

    async def _release(self, connection: AsyncConnection, entry: Entry) -> None:
        await connection.execute(delete(ChatLease).where(ChatLease.lease == entry.lease))

    # What is done now and then.

    @uninterrupted
    async def unanswered(self) -> Waiting:
        """How many messages wait for their reply, and for how long the oldest of them has."""
        query = select(func.count(), func.min(InboxMessage.received_at))
        async with self._engine.begin() as connection:
            number, since = (await connection.execute(query.where(InboxMessage.answered_at.is_(None)))).one()
        return Waiting(number, (self._clock() - since).total_seconds() if since else 0.0)

    @uninterrupted
    async def tidy(self) -> None:
        """Delete what has been kept long enough, also from SQLite's write-ahead log."""
        now = self._clock()
        old = delete(InboxMessage).where(InboxMessage.answered_at <= now - REDELIVERY)
        async with self._engine.connect() as connection:
            async with connection.begin():
                await connection.execute(old)
                await connection.execute(delete(WebReply).where(WebReply.saved_at <= now - WEB_REPLY))
                await purge(connection, now)
            await truncate_log(connection)

    def _hashed(self, channel: str, key: str) -> str:
        return hmac.new(self._secret, f"{channel}:{key}".encode(), hashlib.sha256).hexdigest()


def _kind(message: Message) -> str:
    if message.unreadable:
        return "unreadable"
    return "text" if message.button is None else "button"


async def wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, but not longer; whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
