"""No jump of the machine's clock loses, doubles or delays a message."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
import time_machine
from sqlalchemy import insert

from bot.domain.clock import MOST_AT_ONCE, SteadyClock, utc_now
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import Delivery, DeliveryStatus
from bot.storage.outbox import Outbox
from tests.support.databases import on_both_databases
from tests.support.inbox import HERE, PLANS, claim, message

pytestmark = on_both_databases

NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)
JUMPS = [datetime.timedelta(seconds=31), datetime.timedelta(hours=7), datetime.timedelta(days=400)]


@pytest.fixture
def wall() -> Iterator[time_machine.Traveller]:
    """The machine's clock."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


async def opened(database: Database) -> Inbox:
    """An inbox of a process that begins now, with a steady clock of its own."""
    database.clock = SteadyClock()
    inbox = Inbox(database, "secret")
    await inbox.open()
    return inbox


@pytest.fixture
async def inbox(wall: time_machine.Traveller, database: Database) -> Inbox:
    return await opened(database)


@pytest.mark.parametrize("jump", JUMPS, ids=str)
class TestWithinAProcess:
    async def test_a_message_in_hand_is_not_given_out_again(
        self, inbox: Inbox, wall: time_machine.Traveller, jump: datetime.timedelta
    ) -> None:
        await inbox.accept(message("1"))
        entry = await claim(inbox)
        wall.move_to(NOW + jump)
        await inbox.renew({entry.lease})
        assert await inbox.claim(HERE) is None
        wall.move_to(NOW - jump)
        await inbox.renew({entry.lease})
        assert await inbox.claim(HERE) is None
        await inbox.save_plans(entry, PLANS)
        await inbox.answered(entry)

    async def test_what_came_while_it_was_ahead_is_answered_once_it_is_right(
        self, inbox: Inbox, wall: time_machine.Traveller, jump: datetime.timedelta
    ) -> None:
        wall.move_to(NOW + jump)
        await inbox.accept(message("1"))
        wall.move_to(NOW)
        entry = await claim(inbox)
        await inbox.answered(entry)

    async def test_nothing_is_forgotten_too_early(
        self, inbox: Inbox, wall: time_machine.Traveller, jump: datetime.timedelta
    ) -> None:
        await inbox.accept(message("1"))
        await inbox.answered(await claim(inbox))
        wall.move_to(NOW + jump)
        await inbox.tidy()
        assert await inbox.accept(message("1")) is None, "it is known as a redelivery"


class TestOverARestart:
    async def test_what_a_process_whose_clock_was_ahead_left_is_taken_over(
        self, inbox: Inbox, database: Database, wall: time_machine.Traveller
    ) -> None:
        database.clock = SteadyClock(NOW + datetime.timedelta(hours=7))
        ahead = Inbox(database, "secret")
        for chat in ("put off", "in hand", "waiting"):
            await ahead.accept(message(chat, chat))
        await ahead.postpone(await claim(ahead), 60)
        await claim(ahead)  # and then it dies
        restarted = await opened(database)
        found = {(await claim(restarted)).message.conversation for _ in range(3)}
        assert found == {"put off", "in hand", "waiting"}

    async def test_a_delivery_that_was_put_off_by_such_a_clock_is_not_late(
        self, database: Database, wall: time_machine.Traveller
    ) -> None:
        ahead = Outbox(database, lambda: NOW + datetime.timedelta(days=1))
        await queue(database)
        due = await ahead.claim(HERE)
        assert due is not None
        await ahead.postpone(due, 60)
        outbox = Outbox(database, lambda: NOW)
        assert await outbox.claim(HERE) is not None


async def queue(database: Database) -> None:
    row = insert(Delivery).values(
        status=DeliveryStatus.QUEUED, channel=HERE[0], language="vi", address="a", conversation="c",
        text="news", not_before=NOW, queued_at=NOW,
    )  # fmt: skip
    await database.transact(lambda connection: connection.execute(row))


def test_a_steady_clock_follows_slowly(database_url: str) -> None:
    clock = SteadyClock(NOW)
    clock.follow(NOW + datetime.timedelta(hours=7))
    ahead = clock() - NOW
    assert MOST_AT_ONCE <= ahead < 2 * MOST_AT_ONCE
    clock.follow(NOW - datetime.timedelta(hours=7))
    assert abs(clock() - NOW) < MOST_AT_ONCE


def test_it_begins_with_the_machines(wall: time_machine.Traveller, database_url: str) -> None:
    assert abs(SteadyClock()() - utc_now()) < datetime.timedelta(seconds=1)
