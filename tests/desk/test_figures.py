"""The figures of a month: what is counted is shown, and nothing small."""

from __future__ import annotations

import csv
import datetime
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.content.library import Library
from bot.desk import open_figures
from bot.desk.figures import Figures, figures, month_named, rising
from bot.domain.language import Language
from bot.domain.message import Message
from bot.storage import questions, traffic
from bot.storage.database import Database
from bot.storage.feedback import Votes
from bot.storage.models import QuestionState
from bot.storage.outbox import Outbox
from bot.storage.traffic import WAITS, Dimension, MonthTraffic, Outcome, Tally
from stand_ins.traffic import made_up_month, noon
from tests.support.databases import on_both_databases
from tests.support.examples import examples

FIRST = datetime.date(2026, 10, 1)
AFTER, WITHIN = datetime.date(2026, 11, 1), datetime.date(2026, 10, 20)


def month_of(messages: int = 40_000, first: datetime.date = FIRST, seed: int = 1) -> MonthTraffic:
    sums: dict[Dimension, dict[str, int]] = {}
    days: dict[datetime.date, int] = {}
    for (day, dimension, value), number in made_up_month(first, messages, seed=seed).items():
        sums.setdefault(dimension, {}).setdefault(value, 0)
        sums[dimension][value] += number
        if dimension is Dimension.CHANNEL:
            days[day] = days.get(day, 0) + number
    votes = {"city.hotline": Votes(90, 12), "culture.food": Votes(40, 1), "city.parking": Votes(2, 0)}
    return MonthTraffic(first, sums, days, votes)


@on_both_databases
async def test_what_is_counted_is_there(database: Database) -> None:
    tally = Tally(database)
    for language, outcome, answer in (
        (Language.VI, Outcome.ANSWERED, "city.hotline"),
        (Language.EN, Outcome.NOT_FOUND, None),
        (Language.VI, Outcome.ANSWERED, "city.hotline"),
    ):
        tally.add(noon(FIRST), channel="zalo", language=language, outcome=outcome, answer=answer)
        await tally.save()
    await tally.save()
    found = await database.transact(lambda connection: traffic.month(connection, FIRST))
    assert found.sums == {
        Dimension.HOUR: {"12": 3}, Dimension.CHANNEL: {"zalo": 3}, Dimension.LANGUAGE: {"vi": 2, "en": 1},
        Dimension.OUTCOME: {"answered": 2, "not_found": 1}, Dimension.ANSWER: {"city.hotline": 2},
    }  # fmt: skip
    assert found.days == {FIRST: 3}
    assert await database.transact(traffic.months) == [FIRST]


async def test_what_could_not_be_written_is_written_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = Tally(database)
    tally.add(noon(FIRST), channel="web", language=Language.VI, outcome=Outcome.WARD)
    with monkeypatch.context() as broken:
        broken.setattr(traffic, "add", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await tally.save()
    await tally.save()
    found = await database.transact(lambda connection: traffic.month(connection, FIRST))
    assert found.days == {FIRST: 1}


@pytest.mark.parametrize(("hours", "wait"), [(0.5, "1h"), (3, "4h"), (25, "3d"), (7000, "longer")])
async def test_how_long_something_took_is_counted(database: Database, hours: float, wait: str) -> None:
    def work(connection: Connection) -> None:
        since = noon(FIRST) - datetime.timedelta(hours=hours)
        traffic.count_wait(connection, Dimension.REPLY_WAIT, since, noon(FIRST))

    await database.transact(work)
    found = await database.transact(lambda connection: traffic.month(connection, FIRST))
    assert found.sums[Dimension.REPLY_WAIT] == {wait: 1}
    assert wait in WAITS


async def test_a_reply_of_the_staff_counts_how_long_it_was_waited_for(database: Database) -> None:
    asker = Message(channel="web", address="a", conversation="c", key="k", text="Ở đâu?")

    def leave(connection: Connection) -> None:
        about = {"language": Language.VI, "nearest": None, "now": noon(FIRST)}
        questions.keep_question(connection, asker, 1, state=QuestionState.OPEN, **about)  # type: ignore[arg-type]
        kept = questions.open_question(connection, "c")
        assert kept
        questions.leave_question(connection, kept, asker, Language.VI)

    await database.transact(leave)
    await Outbox(database, lambda: noon(FIRST) + datetime.timedelta(hours=3)).reply(1, "Ở đây.")
    found = await database.transact(lambda connection: traffic.month(connection, FIRST))
    assert found.sums == {Dimension.REPLY_WAIT: {"4h": 1}}


def test_a_month_that_is_over_is_exact() -> None:
    counted = month_of()
    found = figures(counted, AFTER)
    assert found.messages == sum(counted.days.values())
    assert found.table("channel") == dict(sorted(counted.sums[Dimension.CHANNEL].items()))
    assert sum(filter(None, found.table("day").values())) == found.messages
    assert found.table("vote", "city.hotline") == {"helpful": 90, "unhelpful": 12}
    assert found.table("vote", "culture.food") == {}


def test_a_month_that_goes_on_is_rounded_down_to_tens() -> None:
    found = figures(month_of(), WITHIN)
    numbers = [number for table in found.tables for number in table.cells.values()]
    assert numbers
    assert all(number is not None and number % 10 == 0 for number in numbers)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 1500), st.integers(0, 50), st.sampled_from([AFTER, WITHIN]))
def test_no_number_of_one_to_four_is_anywhere(messages: int, seed: int, today: datetime.date) -> None:
    found = figures(month_of(messages, seed=seed), today)
    numbers = [found.messages, *(number for table in found.tables for number in table.cells.values())]
    assert not {1, 2, 3, 4} & set(numbers)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(5, 1500), st.integers(0, 50))
def test_what_is_left_out_of_a_table_is_never_one_alone(messages: int, seed: int) -> None:
    found = figures(month_of(messages, seed=seed), AFTER)
    for table in found.tables:
        assert list(table.cells.values()).count(None) != 1, table


def test_the_most_asked_come_first_and_what_grows_is_named() -> None:
    before = figures(month_of(40_000, datetime.date(2026, 9, 1), seed=1), AFTER)
    counted = month_of()
    grown = counted.sums[Dimension.ANSWER]["diaspora.visa"] * 3
    counted.sums[Dimension.OUTCOME]["answered"] += grown  # type: ignore[index]
    counted.sums[Dimension.ANSWER]["diaspora.visa"] += grown  # type: ignore[index]
    now = figures(counted, AFTER)
    assert list(now.answers().values()) == sorted(now.answers().values(), reverse=True)
    assert rising(now, before)[0][0] == "diaspora.visa"
    assert rising(now, Figures(FIRST, True, None, ())) == []


def test_csv_and_json_say_the_same(city_library: Library) -> None:
    found = figures(month_of(3000), AFTER)
    rows = list(csv.DictReader(io.StringIO(open_figures.as_csv(found, city_library).lstrip("\ufeff"))))
    body = json.loads(open_figures.as_json(found, city_library))
    told = {
        (table["of"], table["table"], cell["key"]): cell["number"]
        for table in body["tables"]
        for cell in table["cells"]
    }
    assert {
        (row["of"], row["table"], row["key"]): int(row["number"]) if row["number"] else None
        for row in rows
        if row["table"] != "total"
    } == told
    assert set(body["fields"]) == set(open_figures.COLUMNS)
    assert all(row["label_vi"] and row["label_en"] for row in rows)


def test_everything_is_called_by_words_in_both_languages() -> None:
    said = open_figures.words()
    named = [*Outcome, *WAITS, "answer", "helpful", "unhelpful", *Language, "telegram", "zalo", "web"]
    assert [name for name in map(str, named) if set(said["keys"].get(name, {})) != {"vi", "en"}] == []


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "２０２６-11", "1999-01", "2026-11-01", ""])
def test_what_is_no_month_is_none(name: str) -> None:
    assert month_named(name) is None
