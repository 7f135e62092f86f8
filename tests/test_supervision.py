"""A background task that fails goes on, and whoever runs the bot sees that it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from bot.supervision import Supervisor

GROUP = BaseExceptionGroup("of watching", [OSError("b")])  # noqa: F821  (bot/ runs on 3.11)
"""As watchfiles wraps what it fails at; one of exceptions only is an exception itself."""


class Task:
    """Fails as often as it is told to, each time with another error, then goes on."""

    def __init__(self, *failures: Exception) -> None:
        self.begun = 0
        self.going_on = asyncio.Event()
        self._failures = list(failures)

    async def __call__(self) -> None:
        self.begun += 1
        if self._failures:
            raise self._failures.pop(0)
        self.going_on.set()
        await asyncio.Event().wait()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("error", [KeyError("a"), GROUP], ids=repr)
async def test_a_task_that_fails_is_begun_again(error: Exception) -> None:
    task = Task(error, error)
    async with Supervisor(first_pause=0.01).keep("failing", task):
        await asyncio.wait_for(task.going_on.wait(), 10)
    assert task.begun == 3


async def test_one_that_ends_is_begun_again_unless_it_may_end() -> None:
    begun = 0

    async def ends() -> None:
        nonlocal begun
        begun += 1

    supervisor = Supervisor(first_pause=0.01)
    async with supervisor.keep("ending", ends):
        await until(lambda: begun > 1)
        assert supervisor.problems() == {"ending": "ended"}
    begun = 0
    async with supervisor.keep("done", ends, may_end=True):
        await until(lambda: begun > 0)
        await asyncio.sleep(0.05)
    assert begun == 1
    assert "done" not in supervisor.problems()


async def test_its_failure_is_told_until_it_has_gone_on_for_a_while() -> None:
    supervisor = Supervisor(first_pause=0.01, well_after=0.3)
    task = Task(KeyError("a"))
    async with supervisor.keep("watched", task):
        await asyncio.wait_for(task.going_on.wait(), 10)
        assert supervisor.problems() == {"watched": "KeyError"}
        restarts = REGISTRY.get_sample_value("bot_task_restarts_total", {"task": "watched"})
        assert restarts == 1
        await until(lambda: not supervisor.problems())


async def test_the_pauses_grow() -> None:
    supervisor = Supervisor(first_pause=0.05)
    task = Task(*(KeyError("a") for _ in range(4)))
    began = asyncio.get_running_loop().time()
    async with supervisor.keep("growing", task):
        await asyncio.wait_for(task.going_on.wait(), 10)
    assert asyncio.get_running_loop().time() - began >= 0.05 + 0.1 + 0.2 + 0.4


async def test_one_that_fails_for_good_does_not_hold_up_the_end() -> None:
    async def fails() -> None:
        raise KeyError

    async with asyncio.timeout(5), Supervisor(first_pause=60).keep("for good", fails):
        await asyncio.sleep(0)
