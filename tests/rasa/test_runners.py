"""Which of several runners is asked, and that one that is lost costs nobody an answer."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from bot.rasa import runners
from bot.rasa.client import Rasa, RasaUnavailable
from bot.rasa.runners import Runners
from stand_ins.rasa import RasaStandIn

NEW, OLD = "new", "old"


@dataclass
class Several:
    """A trainer and two runners behind one client."""

    rasa: Rasa
    sides: list[RasaStandIn]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  (it sets no event)
                await asyncio.sleep(0.01)  # between two looks at it

    async def ask(self, text: str = "food") -> None:
        assert await self.rasa.ask("a", text, None)

    async def asked(self, times: int = 12) -> list[int]:
        """How often each was asked when so many messages came, one after the other."""
        before = [len(side.asked) for side in self.sides]
        for _ in range(times):
            await self.ask()
        return [len(side.asked) - had for side, had in zip(self.sides, before, strict=True)]

    def answer_with(self, *models: str | None) -> None:
        for side, model in zip(self.sides, models, strict=True):
            side.status = {"model": model}

    async def seen(self) -> None:
        """Wait until each was looked at twice: what it told before is known."""
        looks = [side.looks for side in self.sides if not side.is_away]
        there = [side for side in self.sides if not side.is_away]
        await self.until(lambda: all(s.looks >= n + 2 for s, n in zip(there, looks, strict=True)))


@pytest.fixture
async def several(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Several]:
    monkeypatch.setattr(runners, "LOOK_SECONDS", 0.05)
    async with AsyncExitStack() as stack:
        sides = [RasaStandIn() for _ in range(3)]
        urls = [await stack.enter_async_context(side.serving()) for side in sides]
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=urls[0], trust_env=False))
        rasa = Rasa(http, Runners(urls))
        watching = asyncio.create_task(rasa.runners.watch(http))
        several = Several(rasa, sides)
        several.answer_with(NEW, NEW, NEW)
        await rasa.status()
        await several.seen()
        yield several
        watching.cancel()


async def test_all_are_asked(several: Several) -> None:
    assert min(await several.asked(60)) > 0


async def test_the_least_busy_one_is_asked(several: Several) -> None:
    gate = asyncio.Event()
    for side in several.sides:
        side.gates["slow"] = gate
    waiting = [asyncio.create_task(several.ask("slow")) for _ in range(9)]
    await several.until(lambda: sum(len(side.asked) for side in several.sides) == 9)
    assert [len(side.asked) for side in several.sides] == [3, 3, 3]
    gate.set()
    await asyncio.gather(*waiting)


async def test_one_that_answers_with_another_model_is_not_asked(several: Several) -> None:
    several.answer_with(NEW, "of another day", NEW)
    await several.seen()
    assert (await several.asked())[1] == 0


async def test_for_a_while_the_model_before_may_answer_too(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    several.answer_with(OLD, OLD, OLD)
    await several.rasa.status()
    several.answer_with(NEW, OLD, OLD)
    await several.rasa.status()
    await several.seen()
    assert min(await several.asked(60)) > 0
    monkeypatch.setattr(runners, "CHANGE_SECONDS", 0)
    assert await several.asked() == [12, 0, 0]


async def test_an_old_model_is_better_than_silence(several: Several, monkeypatch: pytest.MonkeyPatch) -> None:
    several.sides[0].is_away = True
    several.answer_with(NEW, "of another day", None)
    await several.seen()
    assert await several.asked() == [0, 12, 0]


async def test_whoever_waits_for_one_that_hangs_is_answered_by_another(several: Several) -> None:
    gate, hangs = asyncio.Event(), several.sides[1]
    hangs.gates["food"] = gate
    waiting = [asyncio.create_task(several.ask()) for _ in range(6)]
    await several.until(lambda: hangs.asked)
    hangs.is_away = True  # it is looked at in vain
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    assert (await several.asked())[1] == 0
    hangs.is_away = False
    gate.set()
    await several.seen()
    assert (await several.asked(60))[1] > 0, "it comes back by itself"


async def test_without_any_it_is_told_so(several: Several) -> None:
    for side in several.sides:
        side.is_away = True
    with pytest.raises(RasaUnavailable):
        await several.ask()


async def test_a_name_stands_for_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"runners": ["127.0.0.3", "127.0.0.2"], "nowhere": []}

    async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if not found[host]:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in found[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    several = Runners(["http://trainer:5005", "http://runners:5005", "http://nowhere:5005"])
    await several._resolve()

    def picked() -> Counter[str]:
        return Counter(runner.url for _ in range(200) if (runner := several.pick()))

    assert picked().keys() == {"http://trainer:5005", "http://127.0.0.2:5005", "http://127.0.0.3:5005"}
    found["runners"] = ["127.0.0.2"]
    await several._resolve()
    assert picked().keys() == {"http://trainer:5005", "http://127.0.0.2:5005"}
