"""The outbox: what people are told without having asked just now, each thing once.

It is a ledger: a row is written before anything is sent, and stays when it was.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.domain.clock import Clock
from bot.domain.delivery import DueDelivery
from bot.domain.errors import NotPossible
from bot.domain.language import Language
from bot.storage import traffic, watches
from bot.storage.database import Database
from bot.storage.models import (
    Delivery,
    DeliveryStatus,
    InboxMessage,
    KeptQuestion,
    QuestionState,
    Subscription,
)
from bot.storage.queue import Entry
from bot.storage.retention import FINISHED

HELD = datetime.timedelta(minutes=2)
"""How long a delivery stays with a process that says nothing. Longer than sending one takes."""

LATEST = datetime.timedelta(hours=1)
"""The longest that a delivery is put off. What is put off for longer was so by a clock that was wrong."""

ANNOUNCE_WITHIN = 60.0
"""Seconds that queueing news for everybody may take."""


class Failure(StrEnum):
    """Why a delivery could not be made."""

    UNREACHABLE = "unreachable"
    """The person blocked the bot, or the chat is gone."""

    REFUSED = "refused"
    """The platform refused all of it, or what it tells of is not served any more."""

    GAVE_UP = "gave_up"
    """It was tried for more than a day."""

    EXPIRED = "expired"
    """The person did not come back in time (bot.storage.retention)."""


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A kept question as the list for the editors shows it.

    status: of the reply's delivery, if there is one; reason: why it waits, if it does, or a Failure.
    office: to which an editor gave it; answer: into which one put it.
    """

    id: int
    state: QuestionState
    language: Language
    text: str
    nearest: str | None
    asked_at: datetime.datetime
    status: DeliveryStatus | None
    reason: str | None
    channel: str = ""
    office: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxBacklog:
    """For how many seconds the oldest delivery that could go out has been queued, and the oldest
    question left for the staff has waited; 0 if there is none."""

    delivery: float
    left_question: float


class Outbox:
    """The deliveries, for one process."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or database.clock

    async def open(self) -> None:
        """Take over what a dead process had in hand. Call once, before anything is claimed."""
        if self._database.is_sqlite:
            in_hand = update(Delivery).where(Delivery.lease.is_not(None))
            await self._execute(in_hand.values(lease=None, not_before=self._clock()))

    # What sends them does.

    async def claim(self, channels: Collection[str]) -> DueDelivery | None:
        """Take the next delivery that is due on one of these channels; replies go before news."""
        now, lease = self._clock(), secrets.token_hex(16)
        query = (
            _dues()
            .where(
                Delivery.status == DeliveryStatus.QUEUED,
                or_(Delivery.not_before <= now, Delivery.not_before > now + LATEST),
                Delivery.channel.in_(channels),
            )
            .order_by(Delivery.announcement.is_not(None), Delivery.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=Delivery)
        )

        def work(connection: Connection) -> Row[Any] | None:
            row = connection.execute(query).one_or_none()
            if row:
                mine = update(Delivery).where(Delivery.id == row.id)
                connection.execute(mine.values(lease=lease, not_before=now + HELD))
            return row

        row = await self._database.transact(work)
        return _due(row, lease) if row else None

    async def waiting_for(self, conversation: str) -> list[DueDelivery]:
        """What waits until the person of a conversation writes or comes back."""
        return await self._database.transact(lambda connection: waiting(connection, conversation))

    async def card_sent(self, due: DueDelivery, cards_sent: int) -> None:
        """Write down how many cards of a delivery are sent."""
        await self._change(due, cards_sent=cards_sent)

    async def sent(self, due: DueDelivery) -> None:
        """A delivery is there; where that was is forgotten."""
        await self._change(due, status=DeliveryStatus.SENT, **FINISHED)

    async def undeliverable(self, due: DueDelivery, failure: Failure) -> None:
        """A delivery cannot be made, now or later."""
        await self._change(due, status=DeliveryStatus.UNDELIVERABLE, reason=failure, **FINISHED)

    async def unsubscribe(self, due: DueDelivery) -> None:
        """Nobody is at the address that news went to: no more news there."""

        def work(connection: Connection) -> None:
            mine = select(Delivery.subscription_id, Delivery.conversation).where(Delivery.id == due.id)
            row = connection.execute(mine).one_or_none()
            if row is None:
                return
            connection.execute(delete(Subscription).where(Subscription.id == row.subscription_id))
            if due.change and row.conversation:
                watches.unwatch(connection, row.conversation)

        await self._database.transact(work)

    async def waits(self, due: DueDelivery, reason: str) -> None:
        """What is left of a delivery can only be sent when the person writes; reason: why."""
        await self._change(due, status=DeliveryStatus.WAITING, lease=None, reason=reason)

    async def postpone(self, due: DueDelivery, seconds: float) -> None:
        """Give a delivery back, to be tried again after so many seconds."""
        not_before = self._clock() + min(datetime.timedelta(seconds=seconds), LATEST)
        await self._change(due, lease=None, not_before=not_before, attempts=due.attempts + 1)

    async def received(self, conversation: str, ids: Collection[int]) -> None:
        """The person's page has these: they are sent."""
        shown = update(Delivery).where(
            Delivery.id.in_(ids),
            Delivery.conversation == conversation,
            Delivery.status == DeliveryStatus.WAITING,
        )
        await self._execute(shown.values(status=DeliveryStatus.SENT, **FINISHED))

    async def _change(self, due: DueDelivery, **values: object) -> None:
        """Change a delivery that is still in our hand; one that was forgotten meanwhile stays so."""
        lease = Delivery.lease == due.lease if due.lease else Delivery.lease.is_(None)
        await self._execute(update(Delivery).where(Delivery.id == due.id, lease).values(values))

    async def _execute(self, statement: Executable) -> None:
        await self._database.transact(lambda connection: connection.execute(statement))

    async def backlog(self) -> OutboxBacklog:
        """What has waited longest to go out, and for the staff."""
        now = self._clock()
        queued = select(func.min(Delivery.queued_at)).where(
            Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= now
        )
        left = select(func.min(KeptQuestion.asked_at)).where(KeptQuestion.state == QuestionState.LEFT)
        since = await self._database.transact(
            lambda connection: [connection.scalar(query) for query in (queued, left)]
        )
        return OutboxBacklog(*(max((now - start).total_seconds(), 0.0) if start else 0.0 for start in since))

    # What editors do.

    async def questions(self, *, everything: bool = False) -> list[ListedQuestion]:
        """The kept questions, oldest first: the open ones, or those that were settled as well."""
        return await self._database.transact(
            lambda connection: list_questions(connection, everything=everything)
        )

    async def reply(self, question_id: int, text: str, answer: str | None = None) -> None:
        """Queue the staff's reply to a question that was left for them.

        Raises:
            NotPossible: there is no such question, nobody waits for a reply, or there is one.
        """
        now = self._clock()
        await self._database.transact(
            lambda connection: queue_reply(connection, question_id, text, answer, now)
        )

    async def was_announced(self, announcement: str) -> bool:
        """Whether news of this name was queued for anybody before."""
        query = select(Delivery.id).where(Delivery.announcement == announcement).limit(1)
        return await self._database.transact(lambda connection: connection.execute(query).first() is not None)

    async def announce(self, answer_id: str, topics: Collection[str]) -> int:
        """Queue news for all who want it of one of the topics and have not got it; how many that are."""
        now = self._clock()
        return await self._database.transact(
            lambda connection: queue_news(connection, answer_id, topics, now), within=ANNOUNCE_WITHIN
        )


# What editors do, as a transaction's work: they do it from a process of their own, too.


def list_questions(
    connection: Connection, *, everything: bool = False, newest: int | None = None
) -> list[ListedQuestion]:
    """The kept questions, oldest first: the open ones, or those that were settled as well; of `newest` so
    many at most."""
    states = [QuestionState.OPEN, QuestionState.LEFT]
    if everything:
        states += [QuestionState.REPLIED, QuestionState.HANDLED]
    columns = (
        KeptQuestion.id, KeptQuestion.state, KeptQuestion.language, KeptQuestion.text, KeptQuestion.nearest,
        KeptQuestion.asked_at, KeptQuestion.channel, KeptQuestion.office,
        KeptQuestion.answer, Delivery.status, Delivery.reason,
    )  # fmt: skip
    query = (
        select(*columns)
        .outerjoin(Delivery, Delivery.question_id == KeptQuestion.id)
        .where(KeptQuestion.state.in_(states))
        .order_by(KeptQuestion.id.desc())
        .limit(newest)
    )
    return [
        ListedQuestion(
            id=row.id,
            state=QuestionState(row.state),
            language=Language(row.language),
            text=row.text,
            nearest=row.nearest,
            asked_at=row.asked_at,
            status=DeliveryStatus(row.status) if row.status else None,
            reason=row.reason,
            channel=row.channel,
            office=row.office,
            answer=row.answer,
        )
        for row in reversed(connection.execute(query).all())
    ]


def queue_reply(
    connection: Connection, question_id: int, text: str, answer: str | None, now: datetime.datetime
) -> None:
    """Queue the staff's reply to a question that was left for them; the address leaves the question.

    Raises:
        NotPossible: there is no such question, nobody waits for a reply, or there is one.
    """
    mine = KeptQuestion.id == question_id
    columns = (
        KeptQuestion.state, KeptQuestion.channel, KeptQuestion.language, KeptQuestion.address,
        KeptQuestion.conversation, KeptQuestion.asked_at,
    )  # fmt: skip
    row = connection.execute(select(*columns).where(mine).with_for_update()).first()
    if row is None:
        raise NotPossible(f"There is no question {question_id}.")
    if row.state == QuestionState.REPLIED:
        raise NotPossible(f"Question {question_id} has been replied to.")
    if row.state != QuestionState.LEFT:
        raise NotPossible(f"Nobody waits for a reply to question {question_id}.")
    _queue(
        connection, now, channel=row.channel, language=row.language, address=row.address,
        conversation=row.conversation, question_id=question_id, text=text, answer=answer,
    )  # fmt: skip
    traffic.count_wait(connection, traffic.Dimension.REPLY_WAIT, row.asked_at, now)
    done = {"state": QuestionState.REPLIED, "address": None, "conversation": None}
    connection.execute(update(KeptQuestion).where(mine).values(done))


def late_since(connection: Connection, moment: datetime.datetime) -> int:
    """How many deliveries that could go out have been queued since before a moment."""
    query = select(func.count()).where(
        Delivery.status == DeliveryStatus.QUEUED, Delivery.queued_at < moment, Delivery.attempts > 0
    )
    return int(connection.scalar(query) or 0)


def to_be_told(connection: Connection, answer_id: str, topics: Collection[str]) -> list[Row[Any]]:
    """The subscriptions to one of these topics that did not get this news yet."""
    told = select(Delivery.subscription_id).where(
        Delivery.announcement == answer_id, Delivery.subscription_id.is_not(None)
    )
    columns = (
        Subscription.id, Subscription.channel, Subscription.language, Subscription.address,
        Subscription.conversation, Subscription.topics,
    )  # fmt: skip
    query = select(*columns).where(Subscription.id.not_in(told)).order_by(Subscription.id)
    rows: list[Row[Any]] = [*connection.execute(query)]
    return [row for row in rows if not set(row.topics).isdisjoint(topics)]


def queue_news(
    connection: Connection, answer_id: str, topics: Collection[str], now: datetime.datetime
) -> int:
    """Queue news for all who want it of one of the topics and have not got it; how many that are."""
    rows = to_be_told(connection, answer_id, topics)
    for row in rows:
        _queue(
            connection, now, channel=row.channel, language=row.language, address=row.address,
            conversation=row.conversation, announcement=answer_id, subscription_id=row.id,
        )  # fmt: skip
    return len(rows)


def _queue(connection: Connection, now: datetime.datetime, **values: object) -> None:
    connection.execute(
        insert(Delivery).values(status=DeliveryStatus.QUEUED, not_before=now, queued_at=now, **values)
    )


def waiting(connection: Connection, conversation: str) -> list[DueDelivery]:
    """What waits until the person of a conversation writes or comes back."""
    return [_due(row, None) for row in connection.execute(_WAITING, {"whose": conversation})]


def hold_reply(
    connection: Connection, entry: Entry, language: Language, reason: str, now: datetime.datetime
) -> None:
    """Let what is left of a message's reply, whose plans are saved, wait until the person writes again."""
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


def _dues() -> Select[Any]:
    return select(Delivery.__table__, KeptQuestion.text.label("question")).outerjoin(
        KeptQuestion, KeptQuestion.id == Delivery.question_id
    )


_WAITING = (
    _dues()
    .where(Delivery.conversation == bindparam("whose"), Delivery.status == DeliveryStatus.WAITING)
    .order_by(Delivery.id)
)


def _due(row: Row[Any], lease: str | None) -> DueDelivery:
    return DueDelivery(
        id=row.id,
        channel=row.channel,
        address=row.address or "",
        language=Language(row.language),
        question=row.question,
        text=row.text,
        answer=row.answer,
        announcement=row.announcement,
        change=row.change,
        plans=row.plans,
        cards_sent=row.cards_sent,
        attempts=row.attempts,
        lease=lease,
    )
