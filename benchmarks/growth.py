"""How many new questions a second are answered in time, with more runners and more bots.

    .venv/bin/python -m benchmarks.growth [--runner 0.12] [--bot 0.22] [--database 0.12] [--load 0.1] [--plot]

Two cores cannot hold four machines. So every process gets a share of a core by control groups, as a machine
of its own that is so many times slower: each Rasa side, each bot, PostgreSQL and what asks. All shares
together are less than the machine, so that nobody borrows from another. They are given once all have started.

Asked are the questions of tests/nlu/ over POST /api/messages, each with a number behind it, so that none has
been read before, by turns of each bot, each at a random moment of an interval of its own: on machines so slow
luck would count for more than on whole ones. A time runs from that moment on. First as many are kept waiting
as a fleet can have in hand, to see how many a second it answers at most; then the rate is raised in steps
towards that and beyond, and what counts is the highest at which 95 of 100 replies came within two seconds,
and none failed.

Run as root from the project's directory; each run adds its table to benchmarks/results/growth.md, and --plot
draws docs/pictures/growth.svg.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

import httpx

from benchmarks.change_over import cpu_seconds, processes
from benchmarks.project import PROJECT, copy_to, machine, questions
from benchmarks.shares import Share, shares
from stand_ins.fleet import Fleet, fleet
from stand_ins.postgres import cluster

RESULTS = PROJECT / "benchmarks" / "results" / "growth.md"
PICTURE = PROJECT / "docs" / "pictures" / "growth.svg"

RUNNERS, BOTS = (1, 2, 4), (1, 2)
IN_TIME = 2.0
"""Seconds within which 95 of 100 replies have to come."""

STEPS, LOWER = (0.85, 0.9, 0.95, 1.0, 1.05), (0.8, 0.75, 0.7, 0.6)
"""Rates that are tried, of what a fleet answers at most; the lower ones if the first is too high."""

SATURATED_SECONDS, STEP_SECONDS, REST_SECONDS = 15.0, 30.0, 3.0
IN_HAND = 8
"""How many questions wait for each bot while it is seen how many a fleet answers at most."""

CONVERSATIONS = 3000


@dataclass(frozen=True)
class Shares:
    """Of one core, each: of a runner, of a bot, of PostgreSQL, and of what asks."""

    runner: float
    bot: float
    database: float
    load: float

    def whole(self, runners: int, bots: int) -> float:
        """All together, in cores."""
        return runners * self.runner + bots * self.bot + self.database + self.load


@dataclass
class Step:
    """What came of one rate. busy: how much of its share each kind of process used."""

    rate: float
    seconds: list[float] = field(default_factory=list)
    failed: int = 0
    busy: dict[str, float] = field(default_factory=dict)

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 came."""
        times = sorted(self.seconds) or [float("inf")]
        return times[min(len(times) - 1, int(0.95 * len(times)))]

    @property
    def is_in_time(self) -> bool:
        """Whether this rate can be borne."""
        return not self.failed and self.p95 < IN_TIME


@dataclass
class Found:
    """What was found of one fleet. most: a second, as many as there are; best: the highest rate in time."""

    runners: int
    bots: int
    most: float
    best: Step


@dataclass
class Driver:
    """Asks. It is in a group of its own."""

    fleet: Fleet
    http: httpx.AsyncClient
    texts: Iterator[str]
    _chance: random.Random = field(default_factory=lambda: random.Random(23))  # noqa: S311
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._bots = cycle(self.fleet.bots)

    async def most(self, seconds: float) -> float:
        """How many a second are answered at most."""
        answered = 0
        until = time.monotonic() + seconds

        async def one_after_another() -> None:
            nonlocal answered
            while time.monotonic() < until:
                is_answered = await self._ask()
                answered += is_answered

        await asyncio.gather(*(one_after_another() for _ in range(IN_HAND * len(self.fleet.bots))))
        return answered / seconds

    async def at(self, rate: float, seconds: float) -> Step:
        """Ask at a rate, whatever becomes of it."""
        step, asking = Step(rate), set[asyncio.Task[None]]()
        start = time.monotonic()

        async def one(due: float) -> None:
            if await self._ask():
                step.seconds.append(time.monotonic() - due)
            else:
                step.failed += 1

        for number in range(round(rate * seconds)):
            due = start + (number + self._chance.random()) / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            asking.add(asyncio.create_task(one(due)))
        await asyncio.gather(*asking)
        return step

    async def _ask(self) -> bool:
        number = next(self._numbers)
        body = {
            "conversation": f"c-{number % CONVERSATIONS}",
            "key": f"k-{number}",
            "text": f"{next(self.texts)} ({number})",
        }
        with suppress(httpx.TransportError):
            response = await self.http.post(f"{next(self._bots).url}/api/messages", json=body)
            return response.status_code == 200
        return False


async def measure(
    project: Path, runners: int, bots: int, given: Shares, group: Callable[[str], Share], texts: Iterator[str]
) -> Found:
    """Start a fleet and find what it bears."""
    name = f"{runners}-{bots}"
    with tempfile.TemporaryDirectory(prefix="growth-") as directory, cluster(settings={}) as postgres:
        load = group(f"load-{name}")
        load.add(os.getpid())
        database = group(f"database-{name}")
        database.add(*processes(postgres.pid))
        async with fleet(
            Path(directory), project, PROJECT / "content", postgres, bots=bots, runners=runners
        ) as started:
            groups = {load: given.load, database: given.database}
            for member in (*started.runners, *started.bots):
                share = group(f"{member.name.replace(' ', '-')}-{name}")
                share.add(*processes(member.pid))
                groups[share] = given.runner if member in started.runners else given.bot
            limits = httpx.Limits(max_connections=None)
            async with httpx.AsyncClient(timeout=60, trust_env=False, limits=limits) as http:
                driver = Driver(started, http, texts)
                await driver.most(5)  # what is loaded at the first question is no load
                for share, part in groups.items():
                    share.limit(part)
                try:
                    return await _found(driver, postgres.pid, given)
                finally:
                    for share in groups:
                        share.limit(None)


async def _found(driver: Driver, postgres: int, given: Shares) -> Found:
    runners, bots = len(driver.fleet.runners), len(driver.fleet.bots)
    await driver.most(REST_SECONDS)
    most = await driver.most(SATURATED_SECONDS)

    async def tried(part: float) -> Step:
        await asyncio.sleep(REST_SECONDS)
        step = await _step(driver, part * most, postgres, given)
        tell(
            f"{runners} runners, {bots} bots: {step.rate:.1f}/s, p95 {step.p95:.2f} s, {step.failed} failed; "
            + ", ".join(f"{kind} {busy:.0%}" for kind, busy in step.busy.items())
        )
        return step

    best = await tried(STEPS[0])
    if best.is_in_time:
        for part in STEPS[1:]:
            if not (step := await tried(part)).is_in_time:
                break
            best = step
    else:
        for part in LOWER:
            if (best := await tried(part)).is_in_time:
                break
    return Found(runners, bots, most, best)


async def _step(driver: Driver, rate: float, postgres: int, given: Shares) -> Step:
    """One rate, with how busy everybody was."""
    before, began = _used(driver.fleet, postgres), time.monotonic()
    step = await driver.at(rate, STEP_SECONDS)
    lasted, after = time.monotonic() - began, _used(driver.fleet, postgres)
    shares_of = {
        "runner": given.runner * len(driver.fleet.runners),
        "bot": given.bot * len(driver.fleet.bots),
        "database": given.database,
        "load": given.load,
    }
    step.busy = {kind: (after[kind] - before[kind]) / lasted / shares_of[kind] for kind in after}
    return step


def _used(started: Fleet, postgres: int) -> dict[str, float]:
    """Seconds of processor time so far, of each kind of process."""
    return {
        "runner": sum(cpu_seconds(runner.pid) for runner in started.runners),
        "bot": sum(cpu_seconds(bot.pid) for bot in started.bots),
        "database": cpu_seconds(postgres),
        "load": time.process_time(),
    }


def table(found: Sequence[Found], given: Shares) -> list[str]:
    """What was found, line by line."""
    one = max(each.best.rate for each in found if each.runners == 1)
    lines = [
        "| runners | bots | questions a second at p95 under 2 s | p95 s | at most, late ones too "
        "| times one runner | shares, in cores | busy: runners, bots, database, asking |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        busy = ", ".join(f"{part:.0%}" for part in each.best.busy.values())
        lines.append(
            f"| {each.runners} | {each.bots} | {each.best.rate:.1f} | {each.best.p95:.2f} | {each.most:.1f} |"
            f" {each.best.rate / one:.2f} | {given.whole(each.runners, each.bots):.2f} | {busy} |"
        )
    return lines


WIDTH, HEIGHT = 680, 390
LEFT, RIGHT, TOP, BASE = 60, 560, 40, 340
"""The edges of the plot within the picture, in pixels."""


def picture(found: Sequence[Found]) -> str:
    """The plot, as SVG: questions a second over runners, a line for each number of bots, beside the ideal."""
    most = max(RUNNERS)
    ideal = most * max(each.best.rate for each in found if each.runners == 1)

    def at(runners: float, rate: float) -> tuple[float, float]:
        x, y = LEFT + runners / most * (RIGHT - LEFT), BASE - rate / (1.05 * ideal) * (BASE - TOP)
        return round(x, 1), round(y, 1)

    def line(points: Sequence[tuple[float, float]], look: str) -> str:
        return f'<polyline fill="none" {look} points="{" ".join(f"{x},{y}" for x, y in points)}"/>'

    def text(x: float, y: float, words: str, anchor: str = "middle") -> str:
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="sans-serif" font-size="14">',
        "<title>Questions a second in time, by the number of runners</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        line([(LEFT, TOP), (LEFT, BASE), (RIGHT, BASE)], 'stroke="#444"'),
        line([at(0, 0), at(most, ideal)], 'stroke="#888" stroke-dasharray="6 5"'),
        text(RIGHT + 10, at(most, ideal)[1], "ideal", "start"),
        text(LEFT, TOP - 16, "new questions a second, 95 of 100 answered within 2 s", "start"),
        text((LEFT + RIGHT) / 2, HEIGHT - 8, "runners"),
        *(text(at(runners, 0)[0], BASE + 20, str(runners)) for runners in RUNNERS),
        *(text(LEFT - 8, at(0, rate)[1] + 5, str(rate), "end") for rate in range(0, int(ideal), 5)),
    ]
    for bots, colour in zip(BOTS, ("#b3541e", "#1b6ca8"), strict=True):
        points = [at(each.runners, each.best.rate) for each in found if each.bots == bots]
        drawn.append(line(points, f'stroke="{colour}" stroke-width="3"'))
        drawn += [f'<circle cx="{x}" cy="{y}" r="5" fill="{colour}"/>' for x, y in points]
        drawn.append(text(RIGHT + 10, points[-1][1] + 5, f"{bots} bot{'s' if bots > 1 else ''}", "start"))
    return "\n".join([*drawn, "</svg>", ""])


def tell(line: str) -> None:
    """Show how it goes."""
    print(f"  {line}", file=sys.stderr, flush=True)


def _texts() -> Iterator[str]:
    texts = [case["q"] for case in questions()]
    random.Random(4).shuffle(texts)  # noqa: S311
    return cycle(texts)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runner", type=float, default=0.12)
    parser.add_argument("--bot", type=float, default=0.22)
    parser.add_argument("--database", type=float, default=0.12)
    parser.add_argument("--load", type=float, default=0.1)
    parser.add_argument("--only", metavar="RUNNERS,BOTS", help="one fleet alone, and no record")
    parser.add_argument("--plot", action="store_true")
    arguments = parser.parse_args()
    given = Shares(arguments.runner, arguments.bot, arguments.database, arguments.load)
    if given.whole(max(RUNNERS), max(BOTS)) > (os.cpu_count() or 1):
        parser.error("the shares together are more than this machine")
    which = [(runners, bots) for bots in BOTS for runners in RUNNERS]
    if arguments.only:
        runners, bots = map(int, arguments.only.split(","))
        which = [(runners, bots)]
    heading = f"## {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC: {machine()}"
    said = (
        f"Shares of a core: a runner {given.runner:.0%}, a bot {given.bot:.0%}, "
        f"PostgreSQL {given.database:.0%}, what asks {given.load:.0%}. {STEP_SECONDS:.0f} s each rate. "
        "No question comes twice."
    )
    found = []
    with tempfile.TemporaryDirectory(prefix="growth-project-") as name, shares() as group:
        project = Path(name)
        copy_to(project)
        texts = _texts()
        for runners, bots in which:
            found.append(await measure(project, runners, bots, given, group, texts))
    lines = table(found, given) if not arguments.only else [str(found)]
    print("\n".join([heading, "", said, "", *lines]))
    if not arguments.only:
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write("\n".join([heading, "", said, "", *lines, "", ""]))
        if arguments.plot:
            PICTURE.write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
