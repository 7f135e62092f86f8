"""The whole service with a proxy before each of what it depends on, and people who write all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy import make_url

from stand_ins import telegram, zalo
from stand_ins.postgres import Cluster
from stand_ins.proxy import Proxy, Target
from stand_ins.rasa import RasaStandIn
from stand_ins.serving import serving
from stand_ins.zalo.server import settings as zalo_settings
from tests.support.bot_process import BotProcess
from tests.support.zalo_bot import TOKEN_KEY, ZaloBot

READY_WITHIN = 6.0
"""Seconds for /ready: what it waits for has four, and the machine of the tests is slow."""

GIVEN_UP_AFTER = 60.0
"""Seconds after a platform's thaw in which it is known that it will not be asked again."""

PATIENCE = 300.0
"""Seconds for any answer, a freeze included."""

PAUSE = 1.2
"""Seconds between two questions of a person, so that no platform's limits are met."""


@dataclass
class Asked:
    """A question: when it was put, and when it was answered; how often."""

    began: float
    ended: float | None = None


async def _nothing(_number: int) -> None:
    pass


@dataclass
class Talking:
    """Somebody who writes on a channel all the time, and waits for each answer. ask: puts question n.

    answers: how many there are by now. frozen: when their platform was, from and to.
    """

    channel: str
    ask: Callable[[int], Awaitable[None]] = _nothing
    answers: Callable[[], int] = int
    asked: list[Asked] = field(default_factory=list)
    frozen: list[list[float]] = field(default_factory=list)

    def is_given_up(self, began: float) -> bool:
        """Whether a question fell into a freeze, and would have been answered after it."""
        last = [to for _, to in self.frozen if to > began]
        return bool(last) and time.monotonic() > max(last) + GIVEN_UP_AFTER

    def may_be_given_up(self) -> int:
        """How many questions fell into a freeze."""
        return sum(
            any(began < (asked.ended or to) and asked.began < to for began, to in self.frozen)
            for asked in self.asked
        )

    async def go_on(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            asked = Asked(time.monotonic())
            self.asked.append(asked)
            await self.ask(len(self.asked))
            asked.ended = time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await stopping.wait()


@dataclass
class Service:
    """The service, its people, and the proxies."""

    process: BotProcess
    rasa: RasaStandIn
    telegram: telegram.StandIn
    zalo: zalo.StandIn
    proxies: dict[str, Proxy]
    people: list[Talking]
    http: httpx.AsyncClient

    async def ready(self) -> dict[str, object]:
        """What /ready says, in time."""
        began = time.monotonic()
        said: dict[str, object] = (await self.http.get("/ready")).json()
        assert time.monotonic() - began < READY_WITHIN, "/ready is late"
        return said

    async def names(self, stalled: str) -> bool:
        """Whether /ready says that this one is what is wrong."""
        said = await self.ready()
        wrong = said["wrong"]
        assert isinstance(wrong, list)
        if stalled in {"database", "rasa"}:
            return ("model" if stalled == "rasa" else stalled) in wrong
        assert not wrong, "a platform is no reason to take the page away"
        return any(words in str(said[stalled]) for words in ("does not answer", "cannot fetch updates"))

    async def is_well(self) -> bool:
        said = await self.ready()
        told = [said["telegram"], said["zalo"]]
        return bool(said["ready"]) and all(isinstance(s, dict) and s["state"] == "connected" for s in told)


@asynccontextmanager
async def service(
    directory: Path, content: Path, postgres: Cluster, database_url: str, **settings: str
) -> AsyncIterator[Service]:
    rasa = RasaStandIn(plans=lambda _text: [{"reply": "answer", "id": "culture.food"}])
    telegram_server, zalo_server = telegram.StandIn(), zalo.StandIn()
    zalo_server.webhook.hurry = 20  # its events come again for longer than anything stalls
    async with AsyncExitStack() as stack:
        servers = {
            "rasa": await stack.enter_async_context(rasa.serving()),
            "telegram": await stack.enter_async_context(serving(telegram_server.app())),
            "zalo": await stack.enter_async_context(serving(zalo_server.app())),
        }
        stack.push_async_callback(telegram_server.close)
        targets = {
            name: (str(urlsplit(url).hostname), int(urlsplit(url).port or 0)) for name, url in servers.items()
        }
        all_targets: dict[str, Target] = {"database": postgres.directory / ".s.PGSQL.5432", **targets}
        proxies = {
            name: await stack.enter_async_context(Proxy(target).running())
            for name, target in all_targets.items()
        }
        urls = {name: f"http://127.0.0.1:{proxy.port}" for name, proxy in proxies.items()}
        name = make_url(database_url).database
        environment = {
            **zalo_settings(urls["zalo"], TOKEN_KEY),
            "RASA_URL": urls["rasa"],
            "TELEGRAM_TOKEN": telegram.TOKEN,
            "TELEGRAM_API_URL": urls["telegram"],
            "DATABASE_URL": f"postgresql+asyncpg://{postgres.account}@127.0.0.1:{proxies['database'].port}/{name}",
            "CONTENT_DIR": str(content),
            "WEB_RATE_LIMIT": "0",
            **settings,
        }
        bot = ZaloBot(zalo_server, directory, environment)
        await bot.authorise()
        await bot.process.start()
        stack.push_async_callback(bot.process.ensure_ended)
        await zalo_server.webhook.save(f"{bot.process.url}/zalo/webhook")
        stack.push_async_callback(zalo_server.close)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=bot.process.url, timeout=60, trust_env=False)
        )
        people = [
            *(on_the_page(http, f"page-{number}") for number in range(2)),
            *(on_telegram(telegram_server) for _ in range(2)),
            *(on_zalo(zalo_server) for _ in range(2)),
        ]
        yield Service(bot.process, rasa, telegram_server, zalo_server, proxies, people, http)
        assert await bot.process.stop() == 0


def on_the_page(http: httpx.AsyncClient, name: str) -> Talking:
    answered: set[str] = set()

    async def ask(number: int) -> None:
        """As the page does: the same question with the same key, until there is an answer."""
        question = {"conversation": name, "key": f"key-{number}", "text": f"food {number}"}
        while True:
            with suppress(httpx.TransportError):
                answer = await http.post("/api/messages", json=question)
                if answer.status_code == 200:
                    assert len(answer.json()["replies"]) == 1
                    answered.add(question["key"])
                    return
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.5)  # before the page asks again

    return Talking("web", ask, lambda: len(answered))


def on_a_platform(
    channel: str,
    server: telegram.StandIn | zalo.StandIn,
    says: Callable[[str], object],
    answers: Callable[[], int],
) -> Talking:
    talking = Talking(channel, answers=answers)

    async def ask(_number: int) -> None:
        """Until there is an answer; or none will come, since the platform was frozen when it was sent."""
        before, began = answers(), time.monotonic()
        says("food")
        while answers() <= before and not talking.is_given_up(began):
            assert time.monotonic() - began < PATIENCE, f"no answer on {channel}"
            with suppress(TimeoutError):
                await server.until(lambda: answers() > before, 2)

    talking.ask = ask
    return talking


def on_telegram(server: telegram.StandIn) -> Talking:
    person = server.person()
    return on_a_platform("telegram", server, person.says, lambda: len(person.chat.from_bot()))


def on_zalo(server: zalo.StandIn) -> Talking:
    person = server.person()
    return on_a_platform("zalo", server, person.says, lambda: len(person.from_oa()))
