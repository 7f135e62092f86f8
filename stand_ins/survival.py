"""Whether anything is lost, said twice or out of order while processes of a fleet are killed all the time.

One bot and one Rasa side are killed (SIGKILL) as soon as the last one killed is back, and PostgreSQL crashes
once in the middle and is started again. Meanwhile people press buttons and ask questions, on the page and on
a platform that records every card. A chat's next message is sent once the one before is safe, and not when
that is answered, so that several wait.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from stand_ins.fleet import Fleet, Member, fleet
from stand_ins.postgres import Cluster
from stand_ins.record import Sent, read_record, replies

AGAIN_SECONDS = 0.3
"""After which a platform or a page sends a message again that was not taken, to any of the bots."""

ANSWERED_WITHIN = 180.0
"""Seconds for what is still unanswered when nothing is killed any more."""


@dataclass(frozen=True)
class Asked:
    """A message that was taken. answer: what it has to be answered with; None if that is not known.
    at: when it was sent first, in seconds since the epoch."""

    answer: str | None
    at: float


@dataclass
class PageAnswer:
    """What came of a question on the page."""

    asked: Asked
    seconds: float
    ids: list[str | None]


@dataclass
class Outcome:
    """What came of all.

    faults: in words; empty if every message was answered once, in order, and only cards in hand came twice.
    repeated: how many cards came twice. sent_again: messages that a platform or a page had to send again.
    """

    kills: dict[str, int]
    messages: int
    on_page: int
    cards: int
    repeated: int
    sent_again: int
    seconds: list[float]
    faults: list[str]

    def told(self) -> str:
        """In a few lines."""
        times = sorted(self.seconds) or [float("nan")]
        at = {share: times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 1)}
        kills = ", ".join(f"{name} {times}" for name, times in self.kills.items())
        return "\n".join(
            [
                f"killed: {kills}",
                f"messages: {self.messages} on the platform, {self.on_page} on the page;"
                f" {self.sent_again} times sent again by them",
                f"cards: {self.cards}, of which {self.repeated} came twice",
                f"seconds to the reply: p50 {at[0.5]:.2f}, p95 {at[0.95]:.2f}, longest {at[1]:.2f}",
                f"faults: {len(self.faults)}",
                *self.faults[:20],
            ]
        )


@dataclass
class People:
    """Those who write: on the platform, and on the page.

    asked: of each chat its messages, in the order in which they were taken.
    """

    fleet: Fleet
    http: httpx.AsyncClient
    answers: Sequence[str]
    questions: Sequence[str]
    pause: float
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    on_page: list[PageAnswer] = field(default_factory=list)
    sent_again: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _chance: random.Random = field(default_factory=lambda: random.Random(23))
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def chat(self, name: str) -> None:
        """Somebody on the platform writes until it is stopped."""
        taken = self.asked.setdefault(name, [])
        while not self.stopping.is_set():
            said, answer = self._next()
            began = time.time()
            key = f"{name}-{len(taken)}"
            await self._send(f"/recorded/{name}", {"key": key, **said})
            taken.append(Asked(answer, began))
            await self._rest()

    async def page(self, name: str) -> None:
        """Somebody on the page asks, and waits for each answer."""
        while not self.stopping.is_set():
            said, answer = self._next()
            began = time.time()
            body = {"conversation": name, "key": f"key-{next(self._numbers)}", **said}
            response = await self._send("/api/messages", body)
            ids = [card["id"] for card in response.json()["replies"]]
            self.on_page.append(PageAnswer(Asked(answer, began), time.time() - began, ids))
            await self._rest()

    def _next(self) -> tuple[dict[str, str], str | None]:
        if self.questions and self._chance.random() < 0.5:
            return {"text": f"{self._chance.choice(self.questions)} ({next(self._numbers)})"}, None
        answer = self._chance.choice(self.answers)
        return {"button": f"answer:{answer}"}, answer

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(0.5, 1.5) * self.pause):
                await self.stopping.wait()

    async def _send(self, path: str, body: Mapping[str, str]) -> httpx.Response:
        """Send it to any of the bots until one takes it."""
        while True:
            with suppress(httpx.TransportError):
                response = await self.http.post(
                    f"{self._chance.choice(self.fleet.bots).url}{path}", json=body
                )
                if response.status_code == 200:
                    return response
                assert response.status_code == 503, response.text
            self.sent_again += 1
            await asyncio.sleep(AGAIN_SECONDS)


async def survive(
    directory: Path,
    project: Path,
    content: Path,
    postgres: Cluster,
    *,
    answers: Sequence[str],
    questions: Sequence[str] = (),
    seconds: float,
    size: int = 3,
    chats: int = 12,
    pages: int = 4,
    pause: float = 2.0,
    lease: float | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Let people write to a fleet for so many seconds while its processes are killed; what came of it.

    Args:
        directory, project, content, postgres: as of `stand_ins.fleet.fleet`; commits have to last (no HASTE).
        answers: ids of content/, of which buttons are pressed.
        questions: what is typed, each time with a number behind it.
        size: how many bots, and how many Rasa sides.
        chats, pages: how many people write on the platform, and on the page; pause: seconds between two
            messages of each.
        lease: seconds of a chat's lease, if it is not the bot's own.
        tell: is told how it goes.
    """
    record = directory / "record"
    settings = {"RECORD": str(record), **({"RECORDED_LEASE": str(lease)} if lease else {})}
    command = ("-m", "stand_ins.recorded")
    limits = httpx.Limits(max_connections=None)
    async with (
        fleet(
            directory, project, content, postgres, bots=size, runners=size, bot=command, settings=settings
        ) as started,
        httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as http,
    ):
        tell("all are there")
        people = People(started, http, answers, questions, pause)
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(chats):
                group.create_task(people.chat(f"chat-{number}"))
            for number in range(pages):
                group.create_task(people.page(f"page-{number}"))
            async with asyncio.TaskGroup() as harm:
                harm.create_task(_kill_in_turn(started, started.bots, until, tell))
                harm.create_task(_kill_in_turn(started, started.runners, until, tell))
                harm.create_task(_crash(postgres, seconds / 2, tell))
            people.stopping.set()
        tell("nothing is killed any more")
        await _until_answered(record, people.asked)
    return _outcome(started, people, read_record(record))


async def _kill_in_turn(
    started: Fleet, members: Sequence[Member], until: float, tell: Callable[[str], None]
) -> None:
    """Kill one after the other, each as soon as the last one is back."""
    for member in itertools.cycle(members):
        if time.monotonic() > until:
            return
        await member.kill()
        began = time.monotonic()
        await member.start()
        await member.until_back(started.http)
        tell(f"{member.name} was killed and is back after {time.monotonic() - began:.1f} s")


async def _crash(postgres: Cluster, after: float, tell: Callable[[str], None]) -> None:
    await asyncio.sleep(after)
    await asyncio.to_thread(postgres.crash)
    await asyncio.to_thread(postgres.start)
    tell("PostgreSQL crashed and is back")


async def _until_answered(record: Path, asked: Mapping[str, Sequence[Asked]]) -> None:
    """Wait until every message has a reply; what has none after a while is found by `faults`."""
    number = sum(map(len, asked.values()))
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWERED_WITHIN):
            while len({card.message_id for card in read_record(record)}) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # between two looks at a condition
            await asyncio.sleep(1)  # for what would be one card too many


def _outcome(started: Fleet, people: People, sent: list[Sent]) -> Outcome:
    times = Counter((card.message_id, card.position) for card in sent)
    repeated = sum(number - 1 for number in times.values())
    kills = sum(bot.kills for bot in started.bots)
    return Outcome(
        kills={member.name: member.kills for member in (*started.bots, *started.runners)},
        messages=sum(map(len, people.asked.values())),
        on_page=len(people.on_page),
        cards=len(sent),
        repeated=repeated,
        sent_again=people.sent_again,
        seconds=[answer.seconds for answer in people.on_page] + waits(sent, people.asked),
        faults=[*faults(sent, people.asked, kills), *page_faults(people.on_page)],
    )


def waits(sent: Sequence[Sent], asked: Mapping[str, Sequence[Asked]]) -> list[float]:
    """Of each reply the seconds to its first card."""
    found = replies(sent)
    return [
        reply[0].at - message.at
        for chat, messages in asked.items()
        for message, reply in zip(messages, found.get(chat, []), strict=False)
    ]


def faults(sent: Sequence[Sent], asked: Mapping[str, Sequence[Asked]], kills: int) -> list[str]:
    """What is wrong with the cards that came, in words.

    kills: of bots. A card may come once more for each, where it was in hand, and for a crash of the database.
    """
    found = []
    times = Counter((card.message_id, card.position) for card in sent)
    if times and max(times.values()) > 2:
        found += [
            f"message {n}: card {p} came {number} times" for (n, p), number in times.items() if number > 2
        ]
    if (repeated := sum(number - 1 for number in times.values())) > (kills + 1) * len(asked):
        found.append(f"{repeated} cards came twice: more than can have been in hand")
    came = replies(sent)
    for chat, messages in asked.items():
        ids = [reply[0].message_id for reply in came.get(chat, [])]
        if ids != sorted(set(ids)):
            found.append(f"{chat}: replies out of order, or two to one message: {ids}")
        elif len(ids) != len(messages):
            found.append(f"{chat}: {len(ids)} replies to {len(messages)} messages")
        else:
            for message, reply in zip(messages, came.get(chat, []), strict=True):
                found += _wrong(message, reply)
    return found


def _wrong(message: Asked, reply: Sequence[Sent]) -> list[str]:
    chat, places = reply[0].chat, [card.position for card in reply]
    if places != list(range(len(reply))):
        return [f"{chat}, message {reply[0].message_id}: cards at {places}"]
    said = [card.id for card in reply]
    if message.answer and said != [message.answer]:
        return [f"{chat}, message {reply[0].message_id}: {message.answer} is answered with {said}"]
    return []


def page_faults(answers: Sequence[PageAnswer]) -> list[str]:
    """What is wrong with the replies on the page."""
    return [
        f"page: {answer.asked.answer} is answered with {answer.ids}"
        for answer in answers
        if not answer.ids or (answer.asked.answer and answer.ids != [answer.asked.answer])
    ]
