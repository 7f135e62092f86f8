"""The queue: what becomes of a message's row and its chat's lease, from its arrival until its answer.

Plain functions on a connection, so that the inbox can put several into one transaction. In the order of a
message's life: `write`; `take` or `claim`, which give an entry; `renew`; `change`; in the end `give_back`,
to be tried again, or `finish`.

Chats, not messages, are leased: a chat is answered in order by one worker at a time, different chats in
parallel.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.models import ChatLease, InboxMessage, JsonObject, UtcDateTime

LEASE = datetime.timedelta(seconds=30)
"""How long a chat stays with a process that no longer renews its lease."""

POSTPONED_MOST = datetime.timedelta(hours=1)
"""The longest that a message is put off. What is put off for longer was so by a clock that was wrong."""


class LeaseLost(Exception):
    """The chat went to another worker, because this one was silent for longer than LEASE."""


class ClaimedElsewhere(Exception):
    """Another process took what this one was about to take."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of the queue that a worker has in hand.

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


Consumer = Callable[[Entry | None], None]
"""Called once for a message that arrives: with its entry if it can be answered at once, else with None."""


# The statements. They are built once; only values change from one message to the next.

_INBOX: Any = InboxMessage.__table__
_CHAT: Any = ChatLease.__table__
_UNANSWERED = _INBOX.c.answered_at.is_(None)
_NOTHING = {
    "conversation": None,
    "address": None,
    "text": None,
    "button": None,
    "language": None,
    "plans": None,
    "pictures": None,
}


def _moment(name: str) -> Any:
    return bindparam(name, type_=UtcDateTime())


def _insert(dialect: Any) -> Any:
    """The statement that writes a message down, unless it is a redelivery."""
    new = dialect.insert(_INBOX).on_conflict_do_nothing(index_elements=[_INBOX.c.key])
    return new.returning(_INBOX.c.id)


def _insert_lease(dialect: Any) -> Any:
    """The statement that leases a chat, unless somebody has it or an earlier message waits in it."""
    earlier = exists().where(
        _INBOX.c.conversation == bindparam("chat"), _UNANSWERED, _INBOX.c.id < bindparam("message_id")
    )
    free = select(
        bindparam("chat", type_=_CHAT.c.conversation.type),
        bindparam("lease", type_=_CHAT.c.lease.type),
        _moment("until"),
    ).where(~earlier)
    lease = dialect.insert(_CHAT).from_select(["conversation", "lease", "leased_until"], free)
    return lease.on_conflict_do_nothing()


_NEW = {"sqlite": _insert(sqlite), "postgresql": _insert(postgresql)}
_LEASE = {"sqlite": _insert_lease(sqlite), "postgresql": _insert_lease(postgresql)}

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
_DELETE = delete(_INBOX).where(_INBOX.c.id == bindparam("message_id"))


@functools.cache
def _change_of(*columns: str) -> Any:
    """The statement that changes these columns of a message in hand."""
    return _CHANGE.values({name: bindparam(f"new_{name}", type_=_INBOX.c[name].type) for name in columns})


# What becomes of a message, in this order.


def hashed_key(secret: bytes, channel: str, key: str) -> str:
    """The keyed hash by which a message is known again: of the channel, and the platform's key in it."""
    return hmac.new(secret, f"{channel}:{key}".encode(), hashlib.sha256).hexdigest()


def write(connection: Connection, message: Message, now: datetime.datetime) -> int | None:
    """Write a message down, whose key is a hashed one; its id, or None if it is a redelivery."""
    values = {
        "channel": message.channel,
        "key": message.key,
        "conversation": message.conversation,
        "address": message.address,
        "text": message.text,
        "button": message.button,
        "language": message.language,
        "is_cut": message.is_cut,
        "is_quiet": message.is_quiet,
        "unreadable": message.unreadable,
        "pictures": list(message.pictures) or None,
        "received_at": now,
        "cards_sent": 0,
        "attempts": 0,
        "not_before": now,
    }
    message_id: int | None = connection.execute(_NEW[connection.dialect.name], values).scalar()
    return message_id


def take(
    connection: Connection,
    message_id: int,
    message: Message,
    now: datetime.datetime,
    lease_time: datetime.timedelta,
) -> Entry | None:
    """Take a message that was written down just now; None if its chat is in hand, or more of it waits."""
    lease = _lease(connection, message.conversation, now + lease_time, before=message_id)
    return Entry(message_id, lease, message, now, None, 0, 0) if lease else None


def claim(
    connection: Connection,
    channels: Collection[str],
    served: Collection[str],
    now: datetime.datetime,
    lease_time: datetime.timedelta,
) -> Entry | None:
    """Take the chat that has waited longest, with its oldest unanswered message.

    Args:
        channels: those on which the message may have come.
        served: the chats that stand behind the others.
        now: the time.
        lease_time: how long the lease lasts unless it is renewed.

    Returns:
        None if there is nothing to do now: all is answered, in hand, or postponed.

    Raises:
        ClaimedElsewhere: another process was quicker; trying again finds something else.
    """
    latest, longest = now + POSTPONED_MOST, now + 2 * lease_time
    asked = {"now": now, "latest": latest, "longest": longest, "channels": list(channels), "served": served}
    conversation = connection.scalar(_WAITING_LONGEST, asked)
    if conversation is None:
        return None
    chat = {"chat": conversation}
    connection.execute(_DROP_EXPIRED, {"now": now, "longest": longest, **chat})
    lease = _lease(connection, conversation, now + lease_time, before=0)
    if lease is None:
        raise ClaimedElsewhere
    # Only what is read after the lease is ours is sure to be unanswered still.
    row = connection.execute(_OLDEST, chat).one_or_none()
    if row is None or now < row.not_before <= latest:
        raise ClaimedElsewhere
    return _entry(row, lease)


def _lease(connection: Connection, conversation: str, until: datetime.datetime, *, before: int) -> str | None:
    """Lease a chat; None if somebody has it, or a message with an id before this one waits in it."""
    lease = secrets.token_hex(16)
    chat = {"chat": conversation, "lease": lease, "until": until, "message_id": before}
    return lease if connection.execute(_LEASE[connection.dialect.name], chat).rowcount else None


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
        pictures=tuple(row.pictures or ()),
        # One that only another version of the bot knows keeps no message from being read.
        language=Language(row.language) if row.language in set(Language) else None,
    )
    return Entry(row.id, lease, message, row.received_at, row.plans, row.cards_sent, row.attempts)


def renew(connection: Connection, leases: Collection[str], until: datetime.datetime) -> None:
    """Keep chats in hand until then."""
    connection.execute(update(_CHAT).where(_CHAT.c.lease.in_(leases)).values(leased_until=until))


def change(connection: Connection, entry: Entry, **values: object) -> None:
    """Change columns of a message in hand. Raises LeaseLost."""
    mine = {"message_id": entry.id, "mine": entry.lease}
    new = {f"new_{name}": value for name, value in values.items()}
    if connection.execute(_change_of(*values), {**mine, **new}).rowcount == 0:
        raise LeaseLost


def give_back(connection: Connection, entry: Entry) -> None:
    """Let go of the chat of a message in hand."""
    connection.execute(_RELEASE, {"mine": entry.lease})


def finish(connection: Connection, entry: Entry, now: datetime.datetime) -> bool:
    """Forget a message but that it was here, and give its chat back. Raises LeaseLost.

    Returns:
        Whether more of that chat waits.
    """
    change(connection, entry, answered_at=now, **_NOTHING)
    give_back(connection, entry)
    return bool(connection.scalar(_HAS_MORE, {"chat": entry.message.conversation}))


# What is asked of the queue beside that.


def find(connection: Connection, key: str) -> int | None:
    """The id of the message that came with this hashed key, answered or not."""
    found: int | None = connection.scalar(_BY_KEY, {"key_": key})
    return found


def remove(connection: Connection, message_id: int) -> None:
    """Take a message back as if it had never come."""
    connection.execute(_DELETE, {"message_id": message_id})


def unanswered(connection: Connection) -> tuple[int, datetime.datetime | None]:
    """How many messages wait for their reply, and when the oldest of them came."""
    query = select(func.count(), func.min(_INBOX.c.received_at)).where(_UNANSWERED)
    number, since = connection.execute(query).one()
    return number, since


def drop_leases(connection: Connection, until: datetime.datetime | None = None) -> None:
    """Let go of chats that are in nobody's hand: those whose lease ended by then, or all."""
    connection.execute(delete(_CHAT) if until is None else delete(_CHAT).where(_CHAT.c.leased_until <= until))
