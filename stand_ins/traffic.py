"""A month of made-up traffic, as the bot counts it, for tests, demonstrations and the benchmark of the
figures."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence

from bot.domain.clock import VIETNAM
from bot.storage.traffic import Dimension, Sums

ANSWERS = ("city.hotline", "city.parking", "culture.food", "clarification.merger", "diaspora.visa")

_HOURS = [1, 1, 1, 1, 1, 3, 8, 14, 18, 19, 17, 15, 11, 13, 15, 15, 14, 13, 14, 18, 20, 17, 9, 4]


def made_up_month(
    first: datetime.date,
    messages: int,
    answers: Sequence[str] = ANSWERS,
    seed: int = 1,
    *,
    is_calm: bool = False,
) -> Sums:
    """The sums of a month from its first day: people ask by day and in the evening, less at weekends, most of
    it in Vietnamese; half of the way through a rumour begins and grows, unless the month is calm."""
    chance = random.Random(seed)
    days = [first + datetime.timedelta(days=day) for day in range(31)]
    days = [day for day in days if day.month == first.month]
    weights = [0.62 if day.weekday() > 4 else 1.0 for day in days]
    rumour = [0.0 if is_calm else max(0.0, (day.day - 14) / 17) for day in days]
    whole = sum(weight + 0.5 * grown for weight, grown in zip(weights, rumour, strict=True))
    order = list(answers)
    chance.shuffle(order)
    share = [1 / (place + 1.5) for place in range(len(order))]
    rumoured = next((answer for answer in order if answer.startswith("clarification.")), order[0])
    sums: Sums = {}

    def add(
        day: datetime.date, dimension: Dimension, parts: Sequence[str], of: Sequence[float], n: int
    ) -> None:
        left, all_of = n, sum(of)
        for part, weight in zip(parts, of, strict=True):
            number = min(left, max(0, round(n * weight / all_of * chance.uniform(0.96, 1.04))))
            sums[day, dimension, part] = sums.get((day, dimension, part), 0) + number
            left -= number
        sums[day, dimension, parts[of.index(max(of))]] += left

    outcomes = ["answered", "chosen", "offered", "not_found", "ward", "action", "small_talk", "unreadable"]
    for day, weight, grown in zip(days, weights, rumour, strict=True):
        number = round(messages * (weight + 0.5 * grown) / whole)
        add(day, Dimension.HOUR, [f"{hour:02}" for hour in range(24)], _HOURS, number)
        add(day, Dimension.CHANNEL, ["telegram", "web", "zalo"], [0.9, 2.4, 6.7], number)
        add(day, Dimension.LANGUAGE, ["vi", "en"], [9.4, 0.6], number)
        add(day, Dimension.OUTCOME, outcomes, [48, 21, 9, 6, 5, 6, 4, 1], number)
        given = sum(sums[day, Dimension.OUTCOME, name] for name in ("answered", "chosen"))
        of = [
            part + (0.6 * grown if answer == rumoured else 0)
            for answer, part in zip(order, share, strict=True)
        ]
        add(day, Dimension.ANSWER, order, of, given)
        add(
            day, Dimension.REPLY_WAIT, ["1h", "4h", "1d", "3d", "7d"], [3, 5, 4, 2, 1], max(1, number // 6000)
        )
        add(day, Dimension.ANSWER_WAIT, ["1d", "3d", "7d", "30d"], [1, 3, 4, 2], max(1, number // 20000))
    return sums


def noon(day: datetime.date) -> datetime.datetime:
    """Noon in Vietnam."""
    return datetime.datetime.combine(day, datetime.time(12), VIETNAM)
