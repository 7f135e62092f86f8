"""A chat that goes on under another name: what hangs on it moves along."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, delete, exists, func, select, update

from bot.domain.answer import ALL_NEWS
from bot.storage.models import (
    ChatLease,
    Delivery,
    DeliveryStatus,
    InboxMessage,
    KeptQuestion,
    Subscription,
    Watch,
)


@dataclass(frozen=True, slots=True)
class ChatPlace:
    """Where a chat is: the address for replies, and the name of its conversation."""

    address: str
    conversation: str


@dataclass(frozen=True, slots=True)
class ChatMove:
    """A chat of a channel that goes on elsewhere."""

    channel: str
    before: ChatPlace
    after: ChatPlace


def move(connection: Connection, moved: ChatMove) -> None:
    """Take along messages, lease, questions, deliveries, subscription and what is watched. Doing it again
    does no harm."""
    _move_messages(connection, moved)
    for table in (KeptQuestion, Delivery):
        address = case((table.address.is_not(None), moved.after.address))
        mine = update(table).where(table.conversation == moved.before.conversation)
        connection.execute(mine.values(conversation=moved.after.conversation, address=address))
    _move_subscription(connection, moved)
    _move_watches(connection, moved)


def _move_watches(connection: Connection, moved: ChatMove) -> None:
    """The answers of whose changes the chat is told; what both have, the new one keeps."""
    has = select(Watch.answer).where(Watch.conversation == moved.after.conversation)
    mine = Watch.conversation == moved.before.conversation
    connection.execute(delete(Watch).where(mine, Watch.answer.in_(has)))
    place = {"conversation": moved.after.conversation, "address": moved.after.address}
    connection.execute(update(Watch).where(mine).values(place))


def _move_messages(connection: Connection, moved: ChatMove) -> None:
    """The unanswered messages, with the lease of whoever has one of them in hand.

    If the new chat is in hand as well, the message in hand stays as it is: nobody may hold two leases of
    a chat.
    """
    before, after = moved.before.conversation, moved.after.conversation
    mine: ColumnElement[bool] = InboxMessage.conversation == before
    # Whoever is just taking one of them, or noting what came of it, is waited for; nobody begins meanwhile.
    leases = select(ChatLease.lease).where(ChatLease.conversation.in_((before, after)))
    connection.execute(leases.order_by(ChatLease.conversation).with_for_update())
    connection.execute(select(InboxMessage.id).where(mine).order_by(InboxMessage.id).with_for_update())

    def is_held(conversation: str) -> bool:
        return bool(connection.scalar(select(exists().where(ChatLease.conversation == conversation))))

    if is_held(before) and is_held(after):
        in_hand = select(func.min(InboxMessage.id)).where(mine, InboxMessage.answered_at.is_(None))
        mine &= InboxMessage.id != connection.scalar(in_hand)
    elif is_held(before):
        lease = update(ChatLease).where(ChatLease.conversation == before)
        connection.execute(lease.values(conversation=after))
    connection.execute(
        update(InboxMessage).where(mine).values(conversation=after, address=moved.after.address)
    )


def _move_subscription(connection: Connection, moved: ChatMove) -> None:
    """The subscription; where both chats have one it is one from now on, and no news comes twice."""
    query = select(Subscription.id, Subscription.topics).where(
        Subscription.conversation == moved.before.conversation
    )
    old = connection.execute(query).one_or_none()
    if old is None:
        return
    query = select(Subscription.id, Subscription.topics).where(
        Subscription.conversation == moved.after.conversation
    )
    new = connection.execute(query).one_or_none()
    if new is None:
        mine = update(Subscription).where(Subscription.id == old.id)
        connection.execute(mine.values(conversation=moved.after.conversation, address=moved.after.address))
        return
    _merge_news(connection, old.id, new.id)
    topics = {*old.topics, *new.topics}
    both = [ALL_NEWS] if ALL_NEWS in topics else sorted(topics)
    connection.execute(update(Subscription).where(Subscription.id == new.id).values(topics=both))
    connection.execute(delete(Subscription).where(Subscription.id == old.id))


def _merge_news(connection: Connection, old: int, new: int) -> None:
    """The news of one subscription under another; of what both had, the one that went out stays."""
    query = select(Delivery.id, Delivery.announcement, Delivery.subscription_id, Delivery.status).where(
        Delivery.subscription_id.in_((old, new))
    )
    kept: dict[str | None, int] = {}
    twice = []
    # Sent ones first, then those of the new chat: the first of each is kept.
    for row in sorted(
        connection.execute(query),
        key=lambda row: (row.status != DeliveryStatus.SENT, row.subscription_id != new),
    ):
        if kept.setdefault(row.announcement, row.id) != row.id:
            twice.append(row.id)
    connection.execute(delete(Delivery).where(Delivery.id.in_(twice)))
    connection.execute(update(Delivery).where(Delivery.subscription_id == old).values(subscription_id=new))
