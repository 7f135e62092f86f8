"""The figures of a month as they may be shown: on the editors' pages, and to everybody as CSV and JSON.

All that is shown anywhere is made here, so that no page tells what another one leaves out.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.desk.suppression import STEP, rounded, rounded_total, shown, shown_total
from bot.domain.answer import TOPICS
from bot.domain.language import Language
from bot.storage import traffic
from bot.storage.traffic import Dimension, MonthTraffic, Outcome

_GIVEN = (Outcome.ANSWERED, Outcome.CHOSEN)


@dataclass(frozen=True, slots=True)
class Table:
    """A total, divided.

    name: by what. of: what is divided: messages, answers, the answers of a topic (`city`), votes, the
    votes on an answer (its id), replies. cells: the numbers by the name of each part; None: left out,
    because it or another one is under five.
    """

    name: str
    of: str
    cells: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a month.

    first: its first day. is_closed: whether it is over; else its numbers are rounded down to `rounded_to`.
    messages: how many there were; None if they are under five.
    """

    first: datetime.date
    is_closed: bool
    messages: int | None
    tables: tuple[Table, ...]

    @property
    def month(self) -> str:
        """Its name: 2026-11."""
        return f"{self.first:%Y-%m}"

    @property
    def rounded_to(self) -> int:
        """1 if its numbers are exact."""
        return 1 if self.is_closed else STEP

    def table(self, name: str, of: str = "messages") -> Mapping[str, int | None]:
        """The cells of a table; none if it is left out."""
        return next((table.cells for table in self.tables if (table.name, table.of) == (name, of)), {})

    def answers(self) -> dict[str, int]:
        """How often each answer was given, the most asked first; those that are left out are not in it."""
        found = {
            name: number
            for table in self.tables
            if table.name == "answer"
            for name, number in table.cells.items()
            if number
        }
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def month_named(name: str) -> datetime.date | None:
    """The first day of the month 2026-11; None if it is no month's name."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", name, re.ASCII):
        return None
    return datetime.date.fromisoformat(f"{name}-01")


def read(connection: Connection, first: datetime.date, today: datetime.date) -> Figures:
    """The figures of the month that begins on this day; today: in Vietnam."""
    return figures(traffic.month(connection, first), today)


def figures(counted: MonthTraffic, today: datetime.date) -> Figures:
    """What of the numbers of a month may be shown."""
    is_closed = traffic.next_month(counted.first) <= today
    made = _Tables(is_closed=is_closed)
    sums = counted.sums
    days = calendar.monthrange(counted.first.year, counted.first.month)[1]
    outcomes = {outcome.value: 0 for outcome in Outcome} | dict(sums.get(Dimension.OUTCOME, {}))
    asked = {outcome.value: outcomes.pop(outcome.value) for outcome in _GIVEN}
    outcomes = {"answer": sum(asked.values()), **outcomes}
    messages = made.total(sum(outcomes.values()))
    numbered = {f"{day:02}": 0 for day in range(1, days + 1)}
    made.add("day", "messages", numbered | {f"{day:%d}": n for day, n in counted.days.items()}, messages)
    hours = {f"{hour:02}": 0 for hour in range(24)} | dict(sums.get(Dimension.HOUR, {}))
    made.add("hour", "messages", hours, messages)
    made.add("channel", "messages", dict(sorted(sums.get(Dimension.CHANNEL, {}).items())), messages)
    languages = {language.value: 0 for language in Language} | dict(sums.get(Dimension.LANGUAGE, {}))
    made.add("language", "messages", languages, messages)
    answers = made.add("outcome", "messages", outcomes, messages).get("answer")
    made.add("asked", "answers", asked, answers)
    by_topic: dict[str, dict[str, int]] = {topic: {} for topic in TOPICS}
    for answer, number in sums.get(Dimension.ANSWER, {}).items():
        by_topic.setdefault(answer.partition(".")[0], {})[answer] = number
    topics = {topic: sum(numbers.values()) for topic, numbers in by_topic.items()}
    # A message and its answer are counted together; should they not be, no equation may rest on it.
    topics_total = answers if sum(topics.values()) == sum(asked.values()) else None
    shown_topics = made.add("topic", "answers", topics, topics_total)
    for topic, numbers in by_topic.items():
        made.add("answer", topic, numbers, shown_topics.get(topic), lists_all=False)
    _add_votes(made, counted)
    for wait, of in ((Dimension.REPLY_WAIT, "replies"), (Dimension.ANSWER_WAIT, "taken_up")):
        waits = dict.fromkeys(traffic.WAITS, 0) | dict(sums.get(wait, {}))
        made.add("wait", of, waits, made.total(sum(waits.values())))
    return Figures(counted.first, is_closed, messages, tuple(made.tables))


def _add_votes(made: _Tables, counted: MonthTraffic) -> None:
    by_answer = {answer: votes.helpful + votes.unhelpful for answer, votes in counted.votes.items()}
    total = made.total(sum(by_answer.values()))
    totals = made.add("answer", "votes", by_answer, total, lists_all=False)
    for answer, number in totals.items():
        votes = counted.votes[answer]
        made.add(
            "vote", answer, {"helpful": votes.helpful, "unhelpful": votes.unhelpful}, number
        )  # fmt: skip


class _Tables:
    """The tables of a month in the making."""

    def __init__(self, *, is_closed: bool) -> None:
        self._is_closed = is_closed
        self.tables: list[Table] = []

    def total(self, number: int) -> int | None:
        """A total as it is shown."""
        return shown_total(number) if self._is_closed else rounded_total(number)

    def add(
        self, name: str, of: str, cells: dict[str, int], total: int | None, *, lists_all: bool = True
    ) -> Mapping[str, int | None]:
        """Add a table; its cells as they are shown. lists_all: also those that are left out or 0."""
        made = shown(cells, total) if self._is_closed else rounded(cells) if total else {}
        if not lists_all:
            made = {key: number for key, number in made.items() if number}
        if any(made.values()):
            self.tables.append(Table(name, of, made))
        return made


def rising(now: Figures, before: Figures) -> list[tuple[str, float]]:
    """The answers whose share of all answers grew, with by how many times, those that grew most first.

    One that was not shown in the month before counts as if it had been asked as often as the least shown
    there.
    """
    then, current = before.answers(), now.answers()
    if not then or not current:
        return []
    all_then, all_now = sum(then.values()), sum(current.values())
    least = min(then.values())
    grown = {
        answer: (number / all_now) / (then.get(answer, least) / all_then)
        for answer, number in current.items()
    }
    most = sorted(grown.items(), key=lambda item: -item[1])
    return [(answer, times) for answer, times in most if times > 1]
