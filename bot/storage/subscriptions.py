"""Who gets news, and about what.

Plain functions on a connection, because they belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from bot.domain.answer import ALL_NEWS
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage.models import Subscription


def subscribe(
    connection: Connection, message: Message, language: Language, topic: str, now: datetime.datetime
) -> tuple[str, ...]:
    """Write somebody down for news, in this language from now on.

    Args:
        topic: one more beside those chosen before; ALL_NEWS in place of them.

    Returns:
        What they get news of now.
    """
    mine = Subscription.conversation == message.conversation
    before = connection.scalar(select(Subscription.topics).where(mine))
    topics = [topic] if topic == ALL_NEWS else sorted({*(before or ()), topic} - {ALL_NEWS})
    values = {
        "channel": message.channel,
        "address": message.address,
        "language": language,
        "topics": topics,
    }
    if before is None:
        connection.execute(
            insert(Subscription).values(conversation=message.conversation, since=now, **values)
        )
    else:
        connection.execute(update(Subscription).where(mine).values(values))
    return tuple(topics)


def unsubscribe(connection: Connection, conversation: str) -> bool:
    """Strike somebody off the list, with the news that is on its way; whether they were on it."""
    struck = connection.execute(delete(Subscription).where(Subscription.conversation == conversation))
    return struck.rowcount > 0


def is_subscribed(connection: Connection, conversation: str) -> bool:
    """Whether a conversation gets news."""
    query = select(Subscription.id).where(Subscription.conversation == conversation)
    return connection.scalar(query) is not None


def subscribers(connection: Connection, topics: Collection[str]) -> int:
    """How many get news of one of these topics."""
    rows = connection.execute(select(Subscription.topics))
    return sum(not set(row.topics).isdisjoint(topics) for row in rows)
