"""The outbox: what people are told without having asked just now, each thing once.

It is a ledger: a row is written before anything is sent, and stays when it was.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.content.schema import Language
from bot.store.database import is_sqlite
from bot.store.models import Delivery, DeliveryStatus, JsonObject, Question, QuestionState, Subscription
from bot.store.retention import FINISHED
from bot.store.work import Clock, Store, uninterrupted, utc_now

HELD = datetime.timedelta(minutes=2)
"""How long a delivery stays with a process that says nothing. Longer than sending one takes."""


class NotPossible(Exception):
    """An editor asked for what cannot be done; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery in hand.

    address: empty for what goes with a reply only.
    question, text, answer: of a reply: what was asked, the staff's words, an answer's id.
    announcement: of news: the answer's id.
    plans: of a reply of the bot itself that waits for the person to write again.
    """

    id: int
    channel: str
    address: str
    language: Language
    question: str | None
    text: str | None
    answer: str | None
    announcement: str | None
    plans: list[JsonObject] | None
    cards_sent: int
    attempts: int
    lease: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A kept question as editors see it.

    status: of the reply's delivery, if there is one; reason: why it waits, if it does.
    """

    id: int
    state: QuestionState
    language: Language
    text: str
    nearest: str | None
    asked_at: datetime.datetime
    status: DeliveryStatus | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """For how many seconds the oldest delivery that could go out has been queued, and the oldest
    question left for the staff has waited; 0 if there is none."""

    delivery: float
    left_question: float


class Outbox(Store):
    """The deliveries, for one process."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now) -> None:
        super().__init__(engine, clock)

    @uninterrupted
    async def open(self) -> None:
        """Take over what a dead process had in hand. Call once, before anything is claimed."""
        if is_sqlite(self._engine.url):
            in_hand = update(Delivery).where(Delivery.lease.is_not(None))
            async with self._engine.begin() as connection:
                await connection.execute(in_hand.values(lease=None, not_before=self._clock()))

    # What sends them does.

    @uninterrupted
    async def claim(self, channels: Collection[str]) -> Due | None:
        """Take the next delivery that is due on one of these channels; replies go before news."""
        now, lease = self._clock(), secrets.token_hex(16)
        query = (
            _dues()
            .where(
                Delivery.status == DeliveryStatus.QUEUED,
                Delivery.not_before <= now,
                Delivery.channel.in_(channels),
            )
            .order_by(Delivery.announcement.is_not(None), Delivery.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=Delivery)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            mine = update(Delivery).where(Delivery.id == row.id)
            await connection.execute(mine.values(lease=lease, not_before=now + HELD))
        return _due(row, lease)

    @uninterrupted
    async def waiting_for(self, conversation: str) -> list[Due]:
        """What waits until the person of a conversation writes or comes back."""
        query = _dues().where(
            Delivery.conversation == conversation, Delivery.status == DeliveryStatus.WAITING
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query.order_by(Delivery.id))).all()
        return [_due(row, None) for row in rows]

    @uninterrupted
    async def card_sent(self, due: Due, cards_sent: int) -> None:
        """Write down how many cards of a delivery are sent."""
        await self._change(due, cards_sent=cards_sent)

    @uninterrupted
    async def sent(self, due: Due) -> None:
        """A delivery is there; where that was is forgotten."""
        await self._change(due, status=DeliveryStatus.SENT, **FINISHED)

    @uninterrupted
    async def undeliverable(self, due: Due) -> None:
        """A delivery cannot be made, now or later."""
        await self._change(due, status=DeliveryStatus.UNDELIVERABLE, **FINISHED)

    @uninterrupted
    async def unsubscribe(self, due: Due) -> None:
        """Nobody is at the address that news went to: no more news there."""
        whose = select(Delivery.subscription_id).where(Delivery.id == due.id).scalar_subquery()
        async with self._engine.begin() as connection:
            await connection.execute(delete(Subscription).where(Subscription.id == whose))

    @uninterrupted
    async def waits(self, due: Due, reason: str) -> None:
        """What is left of a delivery can only be sent when the person writes; reason: why."""
        await self._change(due, status=DeliveryStatus.WAITING, lease=None, reason=reason)

    @uninterrupted
    async def postpone(self, due: Due, seconds: float) -> None:
        """Give a delivery back, to be tried again after so many seconds."""
        not_before = self._clock() + datetime.timedelta(seconds=seconds)
        await self._change(due, lease=None, not_before=not_before, attempts=due.attempts + 1)

    @uninterrupted
    async def received(self, conversation: str, ids: Collection[int]) -> None:
        """The person's page has these: they are sent."""
        shown = update(Delivery).where(
            Delivery.id.in_(ids),
            Delivery.conversation == conversation,
            Delivery.status == DeliveryStatus.WAITING,
        )
        async with self._engine.begin() as connection:
            await connection.execute(shown.values(status=DeliveryStatus.SENT, **FINISHED))

    async def _change(self, due: Due, **values: object) -> None:
        """Change a delivery that is still in our hand; one that was forgotten meanwhile stays so."""
        lease = Delivery.lease == due.lease if due.lease else Delivery.lease.is_(None)
        async with self._engine.begin() as connection:
            await connection.execute(update(Delivery).where(Delivery.id == due.id, lease).values(values))

    @uninterrupted
    async def backlog(self) -> Backlog:
        """What has waited longest to go out, and for the staff."""
        now = self._clock()
        queued = select(func.min(Delivery.queued_at)).where(
            Delivery.status == DeliveryStatus.QUEUED, Delivery.not_before <= now
        )
        left = select(func.min(Question.asked_at)).where(Question.state == QuestionState.LEFT)
        async with self._engine.begin() as connection:
            since = [await connection.scalar(query) for query in (queued, left)]
        return Backlog(*((now - start).total_seconds() if start else 0.0 for start in since))

    # What editors do.

    @uninterrupted
    async def questions(self, *, everything: bool = False) -> list[Asked]:
        """The kept questions, oldest first: the open ones, or those that were replied to as well."""
        states = [QuestionState.OPEN, QuestionState.LEFT]
        if everything:
            states.append(QuestionState.REPLIED)
        query = (
            select(
                Question.id,
                Question.state,
                Question.language,
                Question.text,
                Question.nearest,
                Question.asked_at,
                Delivery.status,
                Delivery.reason,
            )
            .outerjoin(Delivery, Delivery.question_id == Question.id)
            .where(Question.state.in_(states))
            .order_by(Question.id)
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Asked(
                id=row.id,
                state=QuestionState(row.state),
                language=Language(row.language),
                text=row.text,
                nearest=row.nearest,
                asked_at=row.asked_at,
                status=DeliveryStatus(row.status) if row.status else None,
                reason=row.reason,
            )
            for row in rows
        ]

    @uninterrupted
    async def reply(self, question_id: int, text: str, answer: str | None = None) -> None:
        """Queue the staff's reply to a question that was left for them.

        Raises:
            NotPossible: there is no such question, nobody waits for a reply, or there is one.
        """
        mine = Question.id == question_id
        async with self._engine.begin() as connection:
            row = (await connection.execute(select(Question.__table__).where(mine).with_for_update())).first()
            if row is None:
                raise NotPossible(f"There is no question {question_id}.")
            if row.state == QuestionState.REPLIED:
                raise NotPossible(f"Question {question_id} has been replied to.")
            if row.state != QuestionState.LEFT:
                raise NotPossible(f"Nobody waits for a reply to question {question_id}.")
            await self._queue(
                connection,
                channel=row.channel,
                language=row.language,
                address=row.address,
                conversation=row.conversation,
                question_id=question_id,
                text=text,
                answer=answer,
            )
            done = {"state": QuestionState.REPLIED, "address": None, "conversation": None}
            await connection.execute(update(Question).where(mine).values(done))

    @uninterrupted
    async def announce(self, answer_id: str, topics: Collection[str]) -> int:
        """Queue news for all who want it of one of the topics and have not got it; how many that are."""
        told = select(Delivery.subscription_id).where(Delivery.announcement == answer_id)
        query = select(Subscription.__table__).where(Subscription.id.not_in(told)).order_by(Subscription.id)
        async with self._engine.begin() as connection:
            rows = [row for row in await connection.execute(query) if not set(row.topics).isdisjoint(topics)]
            for row in rows:
                await self._queue(
                    connection,
                    channel=row.channel,
                    language=row.language,
                    address=row.address,
                    conversation=row.conversation,
                    announcement=answer_id,
                    subscription_id=row.id,
                )
        return len(rows)

    async def _queue(self, connection: AsyncConnection, **values: object) -> None:
        now = self._clock()
        await connection.execute(
            insert(Delivery).values(status=DeliveryStatus.QUEUED, not_before=now, queued_at=now, **values)
        )


def _dues() -> Select[Any]:
    return select(Delivery.__table__, Question.text.label("question")).outerjoin(
        Question, Question.id == Delivery.question_id
    )


def _due(row: Row[Any], lease: str | None) -> Due:
    return Due(
        id=row.id,
        channel=row.channel,
        address=row.address or "",
        language=Language(row.language),
        question=row.question,
        text=row.text,
        answer=row.answer,
        announcement=row.announcement,
        plans=row.plans,
        cards_sent=row.cards_sent,
        attempts=row.attempts,
        lease=lease,
    )
