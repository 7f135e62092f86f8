"""The inbox: a message is written down before it is acknowledged, and forgotten once answered."""

from __future__ import annotations

import asyncio
import datetime
import functools
import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.domain.language import Language
from bot.domain.message import Message
from bot.log import describe
from bot.metrics import MESSAGES, REDELIVERIES, UNWRITABLE
from bot.storage.chats import Move, move
from bot.storage.database import WITHIN, Database, DatabaseAway, is_of_values
from bot.storage.models import (
    ChatLease,
    Delivery,
    DeliveryStatus,
    InboxMessage,
    JsonObject,
    UtcDateTime,
    WebReply,
)
from bot.storage.parts import Together
from bot.storage.retention import purge
from bot.storage.work import Store

log = structlog.get_logger(__name__)

LEASE = datetime.timedelta(seconds=30)
"""How long a chat stays with a process that no longer renews its lease."""

POSTPONED_MOST = datetime.timedelta(hours=1)
"""The longest that a message is put off. What is put off for longer was so by a clock that was wrong."""

REDELIVERY = datetime.timedelta(days=7)
"""How long a redelivery is known. The longest any of our platforms tries again is a day."""

WEB_REPLY = datetime.timedelta(minutes=10)
"""How long a page that lost its connection can still ask for a reply."""

POLL = 1.0
"""Seconds after which a waiter looks for what another process did."""

TIDY_WITHIN = 60.0
"""Seconds that forgetting what has been kept long enough may take."""

SERVED_LATELY, SERVED_MOST = 10.0, 200
"""Seconds for which a chat that was served stands behind those that were not, and how many chats do."""

MOVE_TRIES = 5
"""How often a chat's move is begun anew when another process is in its way."""

PROBE = "probe"
"""The channel of the message that only tries whether one could be written."""


class LeaseLost(Exception):
    """The chat went to another worker, because this one was silent for longer than LEASE."""


class Unwritable(ValueError):
    """The database takes this message neither now nor later; its sender has to know, or it is dropped."""


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
class Outcome:
    """What plans came to, in the transaction that saves them.

    plans: as they are to be saved.
    replies: the reply's cards, laid down for the request that waits, with which the message is answered;
        None if they are still to be sent.
    """

    plans: list[JsonObject]
    replies: list[JsonObject] | None = None


Effects = Callable[[Connection], Outcome]
"""What plans bring about in the database, in the transaction that saves them."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and for how many seconds the one that has waited longest; 0 if there is none."""

    number: int
    longest: float


Hand = Callable[[Entry | None], None]
"""Takes a message at once, or hears that it was not to be had."""


@dataclass(slots=True)
class _Arrival:
    """A message to be written down. hand: who would take it at once; waiter: who waits for its reply."""

    message: Message
    written: asyncio.Future[int | None]
    hand: Hand | None
    waiter: asyncio.Future[list[JsonObject]] | None = None
    id: int | None = None
    entry: Entry | None = None


# The statements. They are built once; only values change from one message to the next.

_INBOX: Any = InboxMessage.__table__
_CHAT: Any = ChatLease.__table__
_REPLY: Any = WebReply.__table__
_UNANSWERED = _INBOX.c.answered_at.is_(None)
_NOTHING = {
    "conversation": None,
    "address": None,
    "text": None,
    "button": None,
    "language": None,
    "plans": None,
}


def _moment(name: str) -> Any:
    return bindparam(name, type_=UtcDateTime())


def _insert_or_not(dialect: Any) -> tuple[Any, Any]:
    """The statements that write a message down, and that take its chat if nobody has and nothing waits."""
    new = dialect.insert(_INBOX).on_conflict_do_nothing(index_elements=[_INBOX.c.key]).returning(_INBOX.c.id)
    earlier = exists().where(
        _INBOX.c.conversation == bindparam("chat"), _UNANSWERED, _INBOX.c.id < bindparam("message_id")
    )
    free = select(
        bindparam("chat", type_=_CHAT.c.conversation.type),
        bindparam("lease", type_=_CHAT.c.lease.type),
        _moment("until"),
    ).where(~earlier)
    take = dialect.insert(_CHAT).from_select(["conversation", "lease", "leased_until"], free)
    return new, take.on_conflict_do_nothing()


_NEW = {"sqlite": _insert_or_not(sqlite), "postgresql": _insert_or_not(postgresql)}

_EARLIER = _INBOX.alias("earlier")
_IS_DUE = or_(_INBOX.c.not_before <= _moment("now"), _INBOX.c.not_before > _moment("latest"))
# A lease from farther ahead than any can be was given by a clock that was wrong.
_IS_HELD = (_CHAT.c.leased_until > _moment("now")) & (_CHAT.c.leased_until <= _moment("longest"))
_WAITING_LONGEST = (
    select(_INBOX.c.conversation)
    .where(
        _UNANSWERED,
        _IS_DUE,
        _INBOX.c.channel.in_(bindparam("channels", expanding=True)),
        ~exists().where(
            _EARLIER.c.conversation == _INBOX.c.conversation,
            _EARLIER.c.answered_at.is_(None),
            _EARLIER.c.id < _INBOX.c.id,
        ),
        ~exists().where(_CHAT.c.conversation == _INBOX.c.conversation, _IS_HELD),
    )
    .order_by(case((_INBOX.c.conversation.in_(bindparam("served", expanding=True)), 1), else_=0), _INBOX.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=_INBOX)
)
_DROP_EXPIRED = delete(_CHAT).where(_CHAT.c.conversation == bindparam("chat"), ~_IS_HELD)
_OLDEST = (
    select(_INBOX)
    .where(_INBOX.c.conversation == bindparam("chat"), _UNANSWERED)
    .order_by(_INBOX.c.id)
    .limit(1)
)
# Locked, so that nobody takes the lease over between this look and our commit.
_MINE = select(_CHAT.c.conversation).where(_CHAT.c.lease == bindparam("mine")).with_for_update()
_CHANGE = update(_INBOX).where(
    _INBOX.c.id == bindparam("message_id"), _INBOX.c.conversation == _MINE.scalar_subquery()
)
_RELEASE = delete(_CHAT).where(_CHAT.c.lease == bindparam("mine"))
_HAS_MORE = select(exists().where(_INBOX.c.conversation == bindparam("chat"), _UNANSWERED))
_BY_KEY = select(_INBOX.c.id).where(_INBOX.c.key == bindparam("key_"))
_ANSWERED = select(_INBOX.c.id).where(
    _INBOX.c.id.in_(bindparam("ids", expanding=True)), _INBOX.c.answered_at.is_not(None)
)
_REPLIES = (
    select(_REPLY.c.card).where(_REPLY.c.message_id == bindparam("message_id")).order_by(_REPLY.c.position)
)
_DROP_CARD = delete(_REPLY).where(
    _REPLY.c.message_id == bindparam("message_id_"), _REPLY.c.position == bindparam("position_")
)
_LAY_DOWN = insert(_REPLY)
_WHOSE = select(_INBOX.c.conversation).where(_INBOX.c.id == bindparam("message_id"))


class Inbox(Store):
    """The messages that wait, for one process.

    Chats, not messages, are leased: a chat is answered in order by one worker at a time,
    different chats in parallel. On SQLite there is one process only, so leases found at the start
    are a dead one's; elsewhere they expire.

    arrived: set when there may be something to claim.
    hand_for: asked, when a message of a channel arrives, for who would take it at once.
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
        super().__init__(database, clock)
        self._secret = secret.encode()
        self.lease = lease
        self._new, self._take = _NEW[database.url.get_backend_name()]
        self._arrivals: deque[_Arrival] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._waiters: dict[int, list[asyncio.Future[list[JsonObject]]]] = {}
        self._looked_at = 0.0
        self._served: dict[str, float] = {}
        self.arrived = asyncio.Event()
        self.hand_for: Callable[[str], Hand | None] = lambda _channel: None

    async def open(self) -> None:
        """Take over what a dead process had in hand. Call once, before anything is claimed."""
        await self._database.set_clock()
        if self._database.is_sqlite:
            await self._database.transact(lambda connection: connection.execute(delete(_CHAT)))

    async def settle(self) -> None:
        """Wait until what is at work in the database has ended."""
        if self._writer:
            await asyncio.wait({self._writer}, timeout=WITHIN)
        await self._database.settle()

    async def close(self) -> None:
        """Let go of the database, once what is at work there has ended."""
        await self.settle()
        await self._database.close()

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
        probe_id = connection.execute(self._new, self._values(probe)).scalar_one()
        connection.execute(_DELETE, {"message_id": probe_id})

    # What channels do.

    async def accept(self, message: Message) -> int | None:
        """Write a message down; when this returns, it is safe to acknowledge it.

        What arrives while another message is being written goes along with the next: a burst waits
        for few transactions, and is acknowledged in time.

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
        waiter: asyncio.Future[list[JsonObject]] = asyncio.get_running_loop().create_future()
        arrival = self._arrive(message, waiter)
        try:
            message_id = await asyncio.shield(arrival.written)
            if message_id is None:
                message_id = await self.find(message.channel, message.key)
                if message_id is None or not await self.wait_answered(message_id, seconds):
                    return None
                return await self.web_reply(message_id)
            return await self._reply(message_id, waiter, deadline)
        finally:
            self._forget_waiter(arrival.id, waiter)

    async def _reply(
        self, message_id: int, waiter: asyncio.Future[list[JsonObject]], deadline: float
    ) -> list[JsonObject] | None:
        """The cards, from whoever answers it here, or as another process laid them down."""
        while (left := deadline - time.monotonic()) > 0:
            await asyncio.wait({waiter}, timeout=min(left, POLL))
            if not waiter.done():
                await self._look_for_answers()
            if waiter.done():
                return waiter.result() or await self.web_reply(message_id)
        return None

    def _arrive(self, message: Message, waiter: asyncio.Future[list[JsonObject]] | None = None) -> _Arrival:
        written: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        arrival = _Arrival(message, written, self.hand_for(message.channel), waiter)
        self._arrivals.append(arrival)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_arrivals())
        return arrival

    async def _accept_together(self, message: Message) -> int | None:
        """Write down what belongs together with other messages, and is answered once with them."""

        def work(connection: Connection) -> int | None:
            together = Together(
                connection,
                hashed=lambda key: self._hashed(message.channel, key),
                write=lambda new: connection.execute(self._new, self._values(new)).scalar(),
                now=self._clock(),
            )
            if message.part_of:
                return together.accept_part(message, message.part_of)
            return together.accept_act(message, message.act or message.key)

        try:
            message_id = await self._database.transact(work)
        except DatabaseAway:
            raise
        except Exception as error:
            if not is_of_values(error):
                raise
            UNWRITABLE.labels(message.channel).inc()
            raise Unwritable("the database does not take this message") from error
        if message_id is None:
            REDELIVERIES.labels(message.channel).inc()
        else:
            MESSAGES.labels(message.channel, _kind(message)).inc()
        self.arrived.set()
        return message_id

    async def move(self, moved: Move) -> None:
        """Take along all that hangs on a chat that goes on under another name. Raises DatabaseAway."""
        for _ in range(MOVE_TRIES):
            # Another process may take the new chat between our look at its lease and our bringing one.
            with suppress(IntegrityError):
                return await self._database.transact(lambda connection: move(connection, moved))
        raise DatabaseAway("the new chat is taken again and again")

    async def _write_arrivals(self) -> None:
        while self._arrivals:
            taken: list[_Arrival] = []
            try:
                await self._database.transact(lambda connection: self._write(connection, taken))  # noqa: B023
            except DatabaseAway as error:
                for arrival in taken or self._take_arrivals():
                    _fail(arrival, error)
            except Exception as error:  # of one of them
                await self._write_apart(taken or self._take_arrivals(), error)
            else:
                for arrival in taken:
                    self._is_written(arrival)

    async def _write_apart(self, arrivals: list[_Arrival], error: Exception) -> None:
        """Write halves, quarters, in the end the single message at which it failed: its neighbours get by."""
        if len(arrivals) == 1:
            (culprit,) = arrivals
            log.error("message_not_written", channel=culprit.message.channel, **describe(error))
            if is_of_values(error):
                UNWRITABLE.labels(culprit.message.channel).inc()
                error = Unwritable("the database does not take this message")
            _fail(culprit, error)
            return
        middle = len(arrivals) // 2
        for half in (arrivals[:middle], arrivals[middle:]):
            try:
                await self._database.transact(lambda connection: self._write_all(connection, half))  # noqa: B023
            except DatabaseAway as away:
                for arrival in half:
                    _fail(arrival, away)
            except Exception as again:
                await self._write_apart(half, again)
            else:
                for arrival in half:
                    self._is_written(arrival)

    def _write(self, connection: Connection, taken: list[_Arrival]) -> None:
        taken += self._take_arrivals()  # as late as can be
        self._write_all(connection, taken)

    def _take_arrivals(self) -> list[_Arrival]:
        arrivals = []
        with suppress(IndexError):
            while True:
                arrivals.append(self._arrivals.popleft())
        return arrivals

    def _write_all(self, connection: Connection, arrivals: Sequence[_Arrival]) -> None:
        for arrival in arrivals:
            arrival.entry = None
            values = self._values(arrival.message)
            arrival.id = connection.execute(self._new, values).scalar()
            if arrival.id is not None and arrival.hand:
                arrival.entry = self._taken(connection, arrival.message, arrival.id, values)

    def _values(self, message: Message) -> dict[str, object]:
        now = self._clock()
        return {
            "channel": message.channel,
            "key": self._hashed(message.channel, message.key),
            "conversation": message.conversation,
            "address": message.address,
            "text": message.text,
            "button": message.button,
            "language": message.language,
            "is_cut": message.is_cut,
            "is_quiet": message.is_quiet,
            "unreadable": message.unreadable,
            "received_at": now,
            "cards_sent": 0,
            "attempts": 0,
            "not_before": now,
        }

    def _taken(
        self, connection: Connection, message: Message, message_id: int, values: dict[str, Any]
    ) -> Entry | None:
        """The message in hand, if its chat is free and nothing in it waits."""
        lease = secrets.token_hex(16)
        chat = {
            "chat": message.conversation,
            "lease": lease,
            "until": self._clock() + self.lease,
            "message_id": message_id,
        }
        if connection.execute(self._take, chat).rowcount == 0:
            return None
        mine = replace(message, key=values["key"])
        return Entry(message_id, lease, mine, values["received_at"], None, 0, 0)

    def _is_written(self, arrival: _Arrival) -> None:
        channel = arrival.message.channel
        if arrival.id is None:
            REDELIVERIES.labels(channel).inc()
        else:
            MESSAGES.labels(channel, _kind(arrival.message)).inc()
            if arrival.waiter:
                self._waiters.setdefault(arrival.id, []).append(arrival.waiter)
        if arrival.entry:
            self._note_served(arrival.entry.message.conversation)
        elif arrival.id is not None:
            self.arrived.set()
        if arrival.hand:
            arrival.hand(arrival.entry)
        if not arrival.written.done():
            arrival.written.set_result(arrival.id)

    async def find(self, channel: str, key: str) -> int | None:
        """The id of the message that came with this delivery key, answered or not."""
        asked = {"key_": self._hashed(channel, key)}
        found: int | None = await self._database.transact(
            lambda connection: connection.scalar(_BY_KEY, asked)
        )
        return found

    async def save_web_reply(self, message_id: int, position: int, card: JsonObject) -> None:
        """Lay a card down for the request that waits; a repeat replaces the first."""

        def work(connection: Connection) -> None:
            whose = connection.scalar(_WHOSE, {"message_id": message_id})
            connection.execute(_DROP_CARD, {"message_id_": message_id, "position_": position})
            connection.execute(_LAY_DOWN, self._card(message_id, position, card, whose))

        await self._database.transact(work)

    def _card(self, message_id: int, position: int, card: JsonObject, whose: str | None) -> dict[str, object]:
        return {
            "message_id": message_id,
            "position": position,
            "card": card,
            "conversation": whose,
            "saved_at": self._clock(),
        }

    async def web_reply(self, message_id: int) -> list[JsonObject]:
        """The cards laid down for a message, in order."""
        asked = {"message_id": message_id}
        return await self._database.transact(lambda connection: list(connection.scalars(_REPLIES, asked)))

    async def wait_answered(self, message_id: int, seconds: float) -> bool:
        """Wait until a message is answered, here or in another process; False if time runs out."""
        done: asyncio.Future[list[JsonObject]] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(message_id, []).append(done)
        try:
            async with asyncio.timeout(seconds):
                self._looked_at = 0.0
                await self._look_for_answers()
                while not done.done():
                    await asyncio.wait({done}, timeout=POLL)
                    if not done.done():
                        await self._look_for_answers()
        except TimeoutError:
            return False
        finally:
            self._forget_waiter(message_id, done)
        return True

    def _forget_waiter(self, message_id: int | None, waiter: asyncio.Future[list[JsonObject]]) -> None:
        waiters = self._waiters.get(message_id, []) if message_id is not None else []
        if waiter in waiters:
            waiters.remove(waiter)
            if not waiters and message_id is not None:
                del self._waiters[message_id]

    async def _look_for_answers(self) -> None:
        """See which of all that are waited for were answered, by this process or another.

        One look for all who wait, once in a while.
        """
        if time.monotonic() - self._looked_at < POLL / 2:
            return
        self._looked_at = time.monotonic()
        asked = {"ids": list(self._waiters)}
        try:
            found = await self._database.transact(
                lambda connection: list(connection.scalars(_ANSWERED, asked))
            )
        except DatabaseAway:  # whoever waits waits on
            return
        for message_id in found:
            self._tell_waiters(message_id, [])

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
        served = self._served_lately()
        while True:
            try:
                entry = await self._database.transact(
                    lambda connection: self._claim(connection, channels, served)
                )
            except _Elsewhere:
                continue  # another process was quicker
            if entry:
                self._note_served(entry.message.conversation)
            return entry

    def _claim(self, connection: Connection, channels: Collection[str], served: list[str]) -> Entry | None:
        now, lease = self._clock(), secrets.token_hex(16)
        moments = {"now": now, "latest": now + POSTPONED_MOST, "longest": now + 2 * self.lease}
        asked = {**moments, "channels": list(channels), "served": served}
        conversation = connection.scalar(_WAITING_LONGEST, asked)
        if conversation is None:
            return None
        chat = {"chat": conversation}
        connection.execute(_DROP_EXPIRED, {"now": now, "longest": moments["longest"], **chat})
        mine = {**chat, "lease": lease, "until": now + self.lease, "message_id": 0}
        if connection.execute(self._take, mine).rowcount == 0:
            raise _Elsewhere
        # Only what is read after the lease is ours is sure to be unanswered still.
        row = connection.execute(_OLDEST, chat).one_or_none()
        if row is None or now < row.not_before <= moments["latest"]:
            raise _Elsewhere
        return _entry(row, lease)

    def _note_served(self, conversation: str) -> None:
        self._served.pop(conversation, None)
        self._served[conversation] = time.monotonic()
        if len(self._served) > SERVED_MOST:
            del self._served[next(iter(self._served))]

    def _served_lately(self) -> list[str]:
        horizon = time.monotonic() - SERVED_LATELY
        while self._served and next(iter(self._served.values())) < horizon:
            del self._served[next(iter(self._served))]
        return list(self._served)

    async def renew(self, leases: Collection[str]) -> None:
        """Keep the chats in hand for as long again."""
        await self._database.follow_clock()
        if leases:
            mine = (
                update(_CHAT).where(_CHAT.c.lease.in_(leases)).values(leased_until=self._clock() + self.lease)
            )
            await self._database.transact(lambda connection: connection.execute(mine))

    async def save_plans(
        self, entry: Entry, plans: list[JsonObject], effects: Effects | None = None
    ) -> Outcome:
        """Write down what is to be said, before it is, and what it brings about: both or neither.

        Returns:
            What was saved: `effects` has the last word. With replies in it the message is answered.

        Raises:
            LeaseLost: nothing was saved.
        """

        def work(connection: Connection) -> tuple[Outcome, bool]:
            outcome = effects(connection) if effects else Outcome(plans)
            if outcome.replies is None:
                self._change(connection, entry, plans=outcome.plans, cards_sent=0)
                return outcome, False
            whose = entry.message.conversation
            cards = [self._card(entry.id, at, card, whose) for at, card in enumerate(outcome.replies)]
            if cards:
                connection.execute(_LAY_DOWN, cards)
            return outcome, self._forget_message(connection, entry)

        outcome, has_more = await self._database.transact(work)
        if outcome.replies is not None:
            self._is_answered(entry, outcome.replies, has_more=has_more)
        return outcome

    async def card_sent(self, entry: Entry, cards_sent: int) -> None:
        """Write down how many cards of the reply are sent. Raises LeaseLost."""
        await self._database.transact(
            lambda connection: self._change(connection, entry, cards_sent=cards_sent)
        )

    async def answered(self, entry: Entry, *, leaves_no_trace: bool = False) -> None:
        """Forget everything about a message but that it was here. Raises LeaseLost.

        leaves_no_trace: nor is it known any longer whose the reply on the page was, and what was
        deleted leaves SQLite's log as soon as nobody reads it.
        """

        def work(connection: Connection) -> bool:
            if leaves_no_trace:
                mine = WebReply.conversation == entry.message.conversation
                connection.execute(update(WebReply).where(mine).values(conversation=None))
            return self._forget_message(connection, entry)

        has_more = await self._database.transact(work)
        if leaves_no_trace:
            await self._database.empty_log()
        self._is_answered(entry, [], has_more=has_more)

    async def empty_log(self) -> bool:
        """Whether what was deleted is gone from SQLite's log, too."""
        return await self._database.empty_log()

    def _forget_message(self, connection: Connection, entry: Entry) -> bool:
        """Forget a message and give its chat back; whether more of that chat waits."""
        self._change(connection, entry, answered_at=self._clock(), **_NOTHING)
        connection.execute(_RELEASE, {"mine": entry.lease})
        return bool(connection.scalar(_HAS_MORE, {"chat": entry.message.conversation}))

    def _is_answered(self, entry: Entry, cards: list[JsonObject], *, has_more: bool) -> None:
        if has_more:
            self.arrived.set()
        self._tell_waiters(entry.id, cards)

    def _tell_waiters(self, message_id: int, cards: list[JsonObject]) -> None:
        for waiter in self._waiters.get(message_id, []):
            if not waiter.done():
                waiter.set_result(cards)

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
            query = select(InboxMessage.plans, InboxMessage.cards_sent).where(InboxMessage.id == entry.id)
            saved = connection.execute(query).one()
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
            connection.execute(held)
            return self._forget_message(connection, entry)

        self._is_answered(entry, [], has_more=await self._database.transact(work))

    async def postpone(self, entry: Entry, seconds: float, *, is_failure: bool = True) -> None:
        """Give a message back, to be tried again after so many seconds. Raises LeaseLost.

        The later messages of its chat wait with it, so that they are answered in order.
        """
        pause = min(datetime.timedelta(seconds=seconds), POSTPONED_MOST)
        values = {"not_before": self._clock() + pause, "attempts": entry.attempts + is_failure}

        def work(connection: Connection) -> None:
            self._change(connection, entry, **values)
            connection.execute(_RELEASE, {"mine": entry.lease})

        await self._database.transact(work)

    def _change(self, connection: Connection, entry: Entry, **values: object) -> None:
        mine = {"message_id": entry.id, "mine": entry.lease}
        change = _change_of(*values)
        if connection.execute(change, {**mine, **{f"new_{k}": v for k, v in values.items()}}).rowcount == 0:
            raise LeaseLost

    # What is done now and then.

    def age(self, entry: Entry) -> float:
        """For how many seconds a message has been here."""
        return (self._clock() - entry.received_at).total_seconds()

    async def unanswered(self) -> Waiting:
        """How many messages wait for their reply, and for how long the oldest of them has."""
        query = select(func.count(), func.min(_INBOX.c.received_at)).where(_UNANSWERED)
        number, since = await self._database.transact(lambda connection: connection.execute(query).one())
        return Waiting(number, max((self._clock() - since).total_seconds(), 0.0) if since else 0.0)

    async def tidy(self) -> None:
        """Delete what has been kept long enough, also from SQLite's write-ahead log."""
        now = self._clock()

        def work(connection: Connection) -> None:
            connection.execute(delete(InboxMessage).where(InboxMessage.answered_at <= now - REDELIVERY))
            connection.execute(delete(WebReply).where(WebReply.saved_at <= now - WEB_REPLY))
            # Of a process that died with a chat in hand which nobody has written in since.
            connection.execute(delete(ChatLease).where(ChatLease.leased_until <= now - self.lease))
            purge(connection, now)

        await self._database.transact(work, within=TIDY_WITHIN)
        await self._database.empty_log()

    def _hashed(self, channel: str, key: str) -> str:
        return hmac.new(self._secret, f"{channel}:{key}".encode(), hashlib.sha256).hexdigest()


class _Elsewhere(Exception):
    """Another process took what this one was about to take."""


_DELETE = delete(_INBOX).where(_INBOX.c.id == bindparam("message_id"))


@functools.cache
def _change_of(*columns: str) -> Any:
    """The statement that changes these columns of a message in hand."""
    return _CHANGE.values({name: bindparam(f"new_{name}", type_=_INBOX.c[name].type) for name in columns})


def _fail(arrival: _Arrival, error: Exception) -> None:
    if arrival.hand:
        arrival.hand(None)
    if not arrival.written.done():
        arrival.written.set_exception(error)
        arrival.written.exception()  # whoever waited knows, or has left


def _entry(row: Row[Any], lease: str) -> Entry:
    message = Message(
        channel=row.channel,
        address=row.address,
        conversation=row.conversation,
        key=row.key,
        text=row.text,
        button=row.button,
        is_cut=row.is_cut,
        is_quiet=row.is_quiet,
        unreadable=row.unreadable,
        # One that only another version of the bot knows keeps no message from being read.
        language=Language(row.language) if row.language in set(Language) else None,
    )
    return Entry(row.id, lease, message, row.received_at, row.plans, row.cards_sent, row.attempts)


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
