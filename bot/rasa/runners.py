"""Which of several Rasa sides is asked: the least busy one of those that answer with the published model.

The first address is the trainer's, which is told and asked all else. The others are those of runners that
follow it; a name of several addresses stands for all of them.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import structlog
from pydantic import ValidationError

from bot.rasa.status import RasaStatus

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at each runner."""

LOOK_WITHIN = 2.0
"""Seconds that a runner has for its answer to a look. One that takes longer hangs."""

RESOLVE_SECONDS = 5.0
"""Seconds between two questions for the addresses of a name."""

CHANGE_SECONDS = 60.0
"""For how long after a change of models the one before may still answer: runners change one after another."""


@dataclass(eq=False)
class Runner:
    """One that can be asked.

    model: with which it answers, as far as is known. in_flight: how many of our messages it has in hand.
    is_away: it did not answer when it was looked at last. lost: set when it goes away, for who waits.
    """

    url: str
    model: str | None = None
    in_flight: int = 0
    is_away: bool = False
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def away(self) -> None:
        """It did not answer."""
        if not self.is_away:
            log.info("runner_away", runner=self.url)
        self.is_away = True
        self.lost.set()

    def answers(self, model: str | None) -> None:
        """It did."""
        if self.is_away:
            log.info("runner_back", runner=self.url, model=model)
        self.is_away, self.model = False, model
        self.lost.clear()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A message of ours is in its hand."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1


class Runners:
    """All that can be asked."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """`addresses`: at least one, the trainer's first."""
        self._names = tuple(addresses)
        self._runners = {address: Runner(address) for address in addresses}
        self._published: str | None = None
        self._before: str | None = None
        self._changed_at = 0.0

    @property
    def are_several(self) -> bool:
        """Whether there is a choice."""
        return len(self._names) > 1

    def published(self, model: str | None) -> None:
        """The trainer's model is this one."""
        if model and model != self._published:
            self._before, self._published = self._published, model
            self._changed_at = time.monotonic()

    def pick(self, tried: Collection[Runner] = ()) -> Runner | None:
        """The one to ask; None if all were tried or are away.

        One that answers with the published model, or for a while with the one before; if none does, one
        that answers at all is better than silence.
        """
        if not self.are_several:
            return next((runner for runner in self._runners.values() if runner not in tried), None)
        there = [runner for runner in self._runners.values() if not runner.is_away and runner not in tried]
        right = [runner for runner in there if self._is_right(runner.model)]
        known = [runner for runner in there if runner.model]
        random.shuffle(choice := right or known or there)
        return min(choice, key=lambda runner: runner.in_flight, default=None)

    def _is_right(self, model: str | None) -> bool:
        is_changing = time.monotonic() - self._changed_at < CHANGE_SECONDS
        return model is not None and (model == self._published or (is_changing and model == self._before))

    async def watch(self, http: httpx.AsyncClient) -> None:
        """Look at all of them, until cancelled. `http` is a `bot.rasa.client.connection`."""
        resolved_at = -RESOLVE_SECONDS
        while self.are_several:
            if time.monotonic() - resolved_at >= RESOLVE_SECONDS:
                await self._resolve()
                resolved_at = time.monotonic()
            await asyncio.gather(*(_look(http, runner) for runner in self._runners.values()))
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()

    async def _resolve(self) -> None:
        """Have a runner for each address of each name but the trainer's."""
        found = [self._names[0]]
        for name in self._names[1:]:
            found += await _addresses(name)
        for gone in self._runners.keys() - set(found):
            self._runners.pop(gone).away()
        for address in found:
            self._runners.setdefault(address, Runner(address))


async def _look(http: httpx.AsyncClient, runner: Runner) -> None:
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            response = await http.get(f"{runner.url}/status")
        runner.answers(RasaStatus.model_validate_json(response.content).model)
    except (httpx.HTTPError, ValidationError, TimeoutError):
        runner.away()


async def _addresses(name: str) -> list[str]:
    """The addresses that a name stands for; none while it stands for nothing."""
    url = httpx.URL(name)
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(url.copy_with(host=str(host), port=port)) for host in sorted({info[4][0] for info in found})]
