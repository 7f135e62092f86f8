"""What publishing will do to people: who waits for this answer, who gets news of its topic."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.content.fields import Value
from bot.desk.accounts import Account
from bot.desk.drafting import seen
from bot.desk.editing import EditingDesk
from bot.domain.answer import ALL_NEWS, news_topics
from bot.storage import questions, subscriptions, watches
from bot.storage.models import QuestionState


@dataclass(frozen=True, slots=True)
class Consequences:
    """How many people an answer concerns.

    is_reachable: whether the bot's database could be read; if not, the numbers are 0. waiting: people who
    left a question that came nearest to this answer, and wait for a reply. open_questions: others that
    nothing answered. subscribers: who get news of the topics that it is news to; none but of a clarification.
    opted_in: who asked to be told of a change. Of the last two the pages show no more than `coarse` lets
    through (bot.desk.announcing).
    """

    is_reachable: bool
    waiting: int = 0
    open_questions: int = 0
    subscribers: int = 0
    opted_in: int = 0


async def consequences(desk: EditingDesk, account: Account, name: str, value: Value) -> Consequences:
    """What publishing a value will do to people. Raises NotFound, NotYours."""
    await seen(desk, account, name, value)
    topics, now = _topics(name, value), desk.clock()

    def work(connection: Connection) -> Consequences:
        near = questions.near(connection, name)
        return Consequences(
            True, near.get(QuestionState.LEFT, 0), near.get(QuestionState.OPEN, 0),
            subscriptions.subscribers(connection, topics) if topics else 0,
            watches.watchers(connection, name, now),
        )  # fmt: skip

    found = await desk.bot.read(work) if desk.bot else None
    return found or Consequences(is_reachable=False)


def _topics(name: str, value: Value) -> frozenset[str]:
    """Whose subscribers get news of a value, which may not be complete yet."""
    if name.partition(".")[0] != ALL_NEWS:
        return frozenset()
    related = value.get("related")
    return news_topics(map(str, related) if isinstance(related, list) else ())
