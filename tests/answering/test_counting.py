"""What is answered is counted, by what was said and never with who asked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.answering.counting import outcome_of
from bot.channels.contract import Unreachable
from bot.content.library import Library
from bot.domain.clock import local_day, utc_now
from bot.domain.language import Language
from bot.domain.plan import Kind, Plan
from bot.storage.database import Database
from bot.storage.inbox import Inbox
from bot.storage.models import Traffic
from bot.storage.traffic import Dimension, Outcome
from tests.support.worker import running


async def test_each_message_is_counted_once(database: Database, small_library: Library) -> None:
    inbox = Inbox(database, "secret")
    await inbox.open()
    async with running(inbox, small_library) as bot:
        bot.channel.always["gone"] = Unreachable("gone")
        said = [
            await bot.receive("food"), await bot.receive("nonsense"), await bot.receive("nonsense", "b"),
            await bot.receive("music", "gone"), await bot.receive("xyz", "group", is_quiet=True),
        ]  # fmt: skip
        await bot.answered(*said)
    rows = await database.transact(lambda connection: connection.execute(select(Traffic.__table__)).all())
    assert {row.day for row in rows} == {local_day(utc_now())}
    numbers = {(row.dimension, row.value): row.number for row in rows if row.dimension != Dimension.HOUR}
    assert numbers == {
        ("channel", "test"): 4, ("language", "vi"): 4, ("answer", "culture.food"): 1,
        ("outcome", "answered"): 1, ("outcome", "not_found"): 2, ("outcome", "held_back"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "is_button", "outcome"),
    [
        (Plan(reply=Kind.FACET, language=Language.VI, id="a.b"), False, Outcome.ANSWERED),
        (Plan(reply=Kind.ANSWER, language=Language.VI, id="a.b"), True, Outcome.CHOSEN),
        (Plan(reply=Kind.CHOICES, language=Language.VI, ids=("a.b", "a.c")), False, Outcome.OFFERED),
        (Plan(reply=Kind.ACTION, language=Language.VI, action="no_clarification"), False, Outcome.NOT_FOUND),
        (Plan(reply=Kind.ACTION, language=Language.VI, action="help"), True, Outcome.ACTION),
        (Plan(reply=Kind.FALLBACK, language=Language.VI, reason="unreadable"), False, Outcome.UNREADABLE),
        (Plan(reply=Kind.FALLBACK, language=Language.VI, reason="trouble"), False, Outcome.HELD_BACK),
        (Plan(reply=Kind.FALLBACK, language=Language.VI, reason="again"), False, Outcome.NOT_FOUND),
    ],
)
def test_what_became_of_it_is_told_by_the_plan(plan: Plan, is_button: bool, outcome: Outcome) -> None:
    assert outcome_of(plan, is_button=is_button) is outcome
