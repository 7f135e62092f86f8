"""Each of what the bot depends on may stall: the others' people do not notice, and /ready tells the truth.

The whole service runs with a proxy before its database, its Rasa side, Telegram and Zalo, while people
write on all channels all the time. One after the other is frozen for a while and thaws. Who does not depend
on the frozen one has an answer within five seconds, /ready says in time what is wrong, and whatever was
accepted is answered, once.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from stand_ins.postgres import Cluster
from tests.support.service import (
    Service,
    service,
)
from tests.support.soak import rounds, seconds

WITHIN = 5.0

NAMED_WITHIN = {"database": 0.0, "rasa": 0.0, "zalo": 25.0, "telegram": 95.0}
"""Seconds from the freeze until /ready knows: of a platform, when a call has had its time."""

ALL_WELL_WITHIN = 180.0


INDEPENDENT = {
    "database": (),
    "rasa": (),
    "zalo": ("web", "telegram"),
    "telegram": ("web", "zalo"),
}


@pytest.mark.soak
async def test_each_dependency_may_stall(
    tmp_path: Path, small_content: Path, postgres: Cluster, postgres_url: str
) -> None:
    async with service(tmp_path, small_content, postgres, postgres_url) as running:
        stopping, stalls = asyncio.Event(), 0
        async with asyncio.TaskGroup() as group:
            for person in running.people:
                group.create_task(person.go_on(stopping))
            await until(running.is_well, ALL_WELL_WITHIN)
            for _ in rounds(1):
                stalls += 1  # of the database, one in each round
                for name in random.sample(sorted(running.proxies), len(running.proxies)):
                    await freeze(running, name, random.choice([2, 8, 25, 45, 110] if seconds(0) else [2]))
            stopping.set()
    for person in running.people:
        unanswered = len(person.asked) - person.answers()
        # While the database stalls, nobody can note that a card was sent: that one card may come again.
        assert -stalls <= unanswered <= person.may_be_given_up(), (
            f"{unanswered} not answered once on {person.channel}"
        )


async def freeze(running: Service, name: str, length: float) -> None:
    """One of them stalls for so many seconds; then all is well again, and all is answered."""
    began = time.monotonic()
    running.proxies[name].stall()
    own = [person.frozen for person in running.people if person.channel == name]
    for frozen in own:
        frozen.append([began, math.inf])
    if not NAMED_WITHIN[name]:
        assert await running.names(name), f"{name} stalls, and /ready does not say so"
    while (left := began + length - time.monotonic()) > 0:
        assert (await running.http.get("/health")).elapsed.total_seconds() < WITHIN
        assert (await running.http.get("/")).elapsed.total_seconds() < WITHIN
        said = await running.names(name)
        if time.monotonic() - began > NAMED_WITHIN[name] + WITHIN:
            assert said, f"{name} stalls, and /ready does not say so"
        await asyncio.sleep(min(1.0, left))  # between two looks
    ended = time.monotonic()
    for person in running.people:
        if person.channel in INDEPENDENT[name]:
            for asked in person.asked:
                if asked.began > began - WITHIN and asked.began < ended - WITHIN:
                    took = (asked.ended or time.monotonic()) - asked.began
                    assert took < WITHIN, (
                        f"{name} stalls, and an answer on {person.channel} takes {took:.1f} s"
                    )
    running.proxies[name].thaw()
    for frozen in own:
        frozen[-1][1] = ended
    await until(running.is_well, ALL_WELL_WITHIN)
    since = time.monotonic()

    def waiting() -> list[str]:
        """Those who have heard nothing since."""
        return [
            one.channel
            for one in running.people
            if not any(asked.ended and asked.ended > since for asked in one.asked)
        ]

    with suppress(TimeoutError):
        await until(lambda: all_answered(waiting), ALL_WELL_WITHIN)
    assert waiting() == [], f"{name} is back, and somebody still waits"


async def all_answered(waiting: Callable[[], list[str]]) -> bool:
    return not waiting()


async def until(is_so: Callable[[], Awaitable[bool]], within: float) -> None:
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # between two looks at a condition
