"""Nothing is kept for longer than the privacy notice says, by a clock that is moved."""

from __future__ import annotations

import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.language import Language
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus, KeptQuestion, QuestionState, ZaloOptions
from tests.support.clock import Clock
from tests.support.databases import on_both_databases

pytestmark = on_both_databases

MOMENT = datetime.timedelta(seconds=1)


async def moved(inbox: Inbox, clock: Clock, time: datetime.timedelta) -> None:
    clock.now += time
    await inbox.tidy()


async def ask(engine: AsyncEngine, clock: Clock, state: QuestionState) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            insert(KeptQuestion).values(
                message_id=1, state=state, channel="web", language=Language.VI, text="a question",
                conversation="c", address="a" if state is QuestionState.LEFT else None, asked_at=clock(),
            )
        )  # fmt: skip


async def questions(engine: AsyncEngine) -> list[tuple[str, str | None, str | None]]:
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(KeptQuestion.text, KeptQuestion.conversation, KeptQuestion.address)
        )
        return [(row.text, row.conversation, row.address) for row in rows]


async def deliver(engine: AsyncEngine, clock: Clock, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            insert(Delivery).values(
                status=DeliveryStatus.WAITING, channel="zalo", language=Language.VI, conversation="c",
                address="a", queued_at=clock(), not_before=clock(), **values,
            )
        )  # fmt: skip


async def deliveries(engine: AsyncEngine) -> list[tuple[str, str | None, str | None, object, str | None]]:
    async with engine.connect() as connection:
        columns = (Delivery.status, Delivery.conversation, Delivery.address, Delivery.plans, Delivery.text)
        return [tuple(row) for row in await connection.execute(select(*columns))]  # type: ignore[misc]


NOTHING_LEFT = [(DeliveryStatus.UNDELIVERABLE, None, None, None, None)]


async def test_who_asked_is_known_for_a_day_and_what_for_ninety(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    await ask(engine, clock, QuestionState.OPEN)
    await moved(inbox, clock, datetime.timedelta(hours=24) - MOMENT)
    assert await questions(engine) == [("a question", "c", None)]
    await moved(inbox, clock, MOMENT)
    assert await questions(engine) == [("a question", None, None)]
    await moved(inbox, clock, datetime.timedelta(days=89) - MOMENT)
    assert await questions(engine) == [("a question", None, None)]
    await moved(inbox, clock, MOMENT)
    assert await questions(engine) == []


async def test_what_was_asked_before_choices_is_gone_after_a_day(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    await ask(engine, clock, QuestionState.UNSURE)
    await moved(inbox, clock, datetime.timedelta(hours=24) - MOMENT)
    assert len(await questions(engine)) == 1
    await moved(inbox, clock, MOMENT)
    assert await questions(engine) == []


async def test_whoever_waits_for_the_staff_is_known_until_ninety_days_are_over(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    await ask(engine, clock, QuestionState.LEFT)
    await moved(inbox, clock, datetime.timedelta(days=90) - MOMENT)
    assert await questions(engine) == [("a question", "c", "a")]
    await moved(inbox, clock, MOMENT)
    assert await questions(engine) == []


async def test_a_reply_that_could_not_be_sent_waits_for_seven_days(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    await deliver(engine, clock, plans=[{"reply": "answer", "id": "culture.food", "language": "vi"}])
    await moved(inbox, clock, datetime.timedelta(days=7) - MOMENT)
    assert (await deliveries(engine))[0][0] == DeliveryStatus.WAITING
    await moved(inbox, clock, MOMENT)
    assert await deliveries(engine) == NOTHING_LEFT


async def test_news_waits_for_ninety_days(inbox: Inbox, engine: AsyncEngine, clock: Clock) -> None:
    await deliver(engine, clock, announcement="clarification.rumour")
    await moved(inbox, clock, datetime.timedelta(days=90) - MOMENT)
    assert (await deliveries(engine))[0][0] == DeliveryStatus.WAITING
    await moved(inbox, clock, MOMENT)
    assert await deliveries(engine) == NOTHING_LEFT


async def test_the_options_of_a_card_are_gone_after_a_day(
    inbox: Inbox, engine: AsyncEngine, clock: Clock
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            insert(ZaloOptions).values(conversation="c", payloads=["say:help"], offered_at=clock())
        )

    async def options() -> list[str]:
        async with engine.connect() as connection:
            return list(await connection.scalars(select(ZaloOptions.conversation)))

    await moved(inbox, clock, datetime.timedelta(hours=24) - MOMENT)
    assert await options() == ["c"]
    await moved(inbox, clock, MOMENT)
    assert await options() == []
