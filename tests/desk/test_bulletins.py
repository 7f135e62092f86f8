"""A bulletin reaches its subscribers once for each of its dates, and goes out weekly only if it is new."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from bot.cards.deliveries import compose_delivery
from bot.content.library import Library
from bot.desk.bulletins import WeeklyBulletins, queue
from bot.domain.bulletin import announcement_of, bulletin_in
from bot.domain.clock import VIETNAM
from bot.domain.delivery import DueDelivery
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage import subscriptions
from bot.storage.database import Database
from bot.storage.models import Delivery
from bot.storage.outbox import Outbox
from tests.support.bulletins import bulletin

MONDAY = datetime.datetime(2026, 11, 23, 8, 5, tzinfo=VIETNAM)


@pytest.fixture
async def outbox(database: Database) -> Outbox:
    """With subscribers of culture, of investment, and of all news."""

    def work(connection: Connection) -> None:
        for topic in ("culture", "investment", "clarification"):
            message = Message(channel="web", address=topic, conversation=topic, key=topic)
            subscriptions.subscribe(connection, message, Language.EN, topic, MONDAY)

    await database.transact(work)
    return Outbox(database)


async def told(database: Database) -> list[tuple[str | None, str | None]]:
    query = select(Delivery.conversation, Delivery.announcement).order_by(Delivery.id)
    rows = await database.transact(lambda connection: connection.execute(query).all())
    return [(row.conversation, row.announcement) for row in rows]


async def test_those_who_want_a_topic_of_it_or_all_news_get_it_once(
    outbox: Outbox, database: Database
) -> None:
    assert await queue(outbox, bulletin()) == 2
    assert await queue(outbox, bulletin()) == 0
    assert {to for to, _ in await told(database)} == {"culture", "clarification"}
    assert await queue(outbox, bulletin(date=datetime.date(2026, 11, 30))) == 2


@pytest.mark.parametrize(
    ("now", "changes", "goes"),
    [
        (MONDAY, {}, True),
        (MONDAY - datetime.timedelta(hours=1), {}, False),
        (MONDAY + datetime.timedelta(days=1), {}, False),
        (MONDAY + datetime.timedelta(days=7), {}, True),
        (MONDAY + datetime.timedelta(days=14), {}, False),
        (MONDAY, {"every": "by hand"}, False),
        (MONDAY, {"status": "draft"}, False),
        (MONDAY, {"date": datetime.date(2026, 11, 24)}, False),
    ],
)
async def test_weekly_ones_go_out_on_monday_morning(
    outbox: Outbox, database: Database, small_library: Library, now: datetime.datetime,
    changes: dict[str, object], goes: bool,
) -> None:  # fmt: skip
    library = replace(small_library, now=now, bulletins={"week-48": bulletin(**changes)})
    await WeeklyBulletins(outbox, lambda: library, lambda: True, lambda: now).send_due()
    assert bool(await told(database)) is goes


async def test_nothing_goes_out_again_where_nothing_is_new(
    outbox: Outbox, database: Database, small_library: Library
) -> None:
    library = replace(small_library, now=MONDAY, bulletins={"week-48": bulletin()})
    weekly = WeeklyBulletins(outbox, lambda: library, lambda: True, lambda: MONDAY)
    await weekly.send_due()
    first = await told(database)
    newcomer = Message(channel="web", address="n", conversation="n", key="n")
    await database.transact(
        lambda connection: subscriptions.subscribe(connection, newcomer, Language.VI, "culture", MONDAY)
    )
    await weekly.send_due()
    assert await told(database) == first


def due(announcement: str, language: Language) -> DueDelivery:
    return DueDelivery(1, "web", "a", language, None, None, None, announcement, None, None, 0, 0, None)


@pytest.mark.parametrize("language", Language)
def test_its_card_leads_to_the_answers_and_out_of_the_news(
    small_library: Library, language: Language
) -> None:
    library = replace(small_library, now=MONDAY, bulletins={"week-48": bulletin()})
    (card,) = compose_delivery(
        due(announcement_of("week-48", MONDAY.date()), language), library, MONDAY.date()
    )
    assert (card.action, card.title, card.ids) == ("bulletin", f"Title {language}", ("culture.food",))
    assert [button.payload for button in card.buttons] == ["answer:culture.food", "say:unsubscribe"]


def test_one_that_was_taken_back_meanwhile_is_not_sent(small_library: Library) -> None:
    library = replace(small_library, now=MONDAY, bulletins={"week-48": bulletin(status="draft")})
    assert compose_delivery(due("bulletin:week-48:2026-11-23", Language.VI), library, MONDAY.date()) == ()


def test_an_answer_is_no_bulletin() -> None:
    assert bulletin_in("clarification.a") is None
    assert bulletin_in(announcement_of("week-48", MONDAY.date())) == "week-48"
