"""Load: signed webhooks of Zalo at a fixed rate, whatever the bot does, with real questions of many chats.

    .venv/bin/python -m benchmarks.load [--rate 28] [--seconds 600] [--new] [--break] [--postgresql]

28 a second for ten minutes is what South Africa's health line saw on its worst day. The whole service is
started as `make run` does, with a Rasa side of its own; Zalo is stand_ins/zalo, in this process, on
the same cores. Questions come from tests/nlu, at random moments (Poisson); a time runs from the moment at
which an event is due until the last message of its reply is at Zalo's server, so that what waits in
front of the bot counts, too. One arrival in twenty is a pair, a question with the press of a button right
after it: whose answer has to come last. The questions are some 1,100, and of those asked a few minutes ago
the Rasa side still has the vectors, as of what people forward; `--new` puts a number behind each, so that
none has been read before. `--break` then raises the rate by a quarter each minute, until
one reply in twenty takes longer than ten seconds, and looks at what becomes of all that was asked. With
`--postgresql` the bot and the Rasa side keep what they keep in a PostgreSQL that is started here, with
PostgreSQL's own settings, on the same cores.

Run from the project's directory; the table is also appended to benchmarks/results/load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import random
import re
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import make_url

from benchmarks.project import PROJECT, complaints, machine, questions, running_bot
from bot.content.loading import load as load_content
from bot.domain.answer import TOPICS
from bot.domain.language import Language
from stand_ins.postgres import cluster
from stand_ins.serving import free_port, serving
from stand_ins.zalo import StandIn
from stand_ins.zalo.people import Person
from stand_ins.zalo.server import settings

RESULTS = PROJECT / "benchmarks" / "results" / "load.md"

CHATS = 3000
PAIRS = 0.05
REST_SECONDS = 600
"""How long what was asked may take to be answered once nothing more comes."""

STEP_SECONDS, STEP = 60, 1.25
BROKEN_SECONDS = 10.0


@dataclass
class Asked:
    """One arrival. due: when, in seconds since the epoch; before: how many messages the chat had from the
    account; last: of a pair, the titles (one in each language) of which one has to come after the rest."""

    person: Person
    due: float
    before: int
    last: tuple[str, ...] = ()

    def times(self, until: int | None) -> list[float]:
        """When each message of the reply came; `until`: those that the chat had at its next arrival."""
        return [said.at - self.due for said in self.person.from_oa()[self.before : until]]


@dataclass
class Step:
    """What came of one rate."""

    rate: float
    seconds: float
    asked: list[Asked] = field(default_factory=list)
    late: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    processor: tuple[float, float] = (0.0, 0.0)

    def rows(self, statuses: list[int]) -> list[str]:
        """The table's lines."""
        times, lost, wrong = self.outcome()
        quantiles = [times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99, 1)]
        told = " | ".join(f"{value:.2f}" for value in quantiles)
        refused = sum(status != 200 for status in statuses)
        return [
            f"| {self.rate:.0f} | {len(self.asked)} | {told} | {lost} | {wrong} | {refused} | "
            f"{self.memory[0][0]:.0f} → {self.memory[-1][0]:.0f} | "
            f"{self.memory[0][1]:.0f} → {self.memory[-1][1]:.0f} | "
            + " + ".join(f"{1000 * used / len(self.asked):.0f}" for used in self.processor)
            + " |"
        ]

    def outcome(self) -> tuple[list[float], int, int]:
        """The times of the replies, shortest first; how many got none; how many pairs were out of order."""
        next_of: dict[str, int] = {}
        times, lost, wrong = [], 0, 0
        for asked in reversed(self.asked):
            came = asked.times(next_of.get(asked.person.id))
            next_of[asked.person.id] = asked.before
            needed = 2 if asked.last else 1
            if len(came) < needed:
                lost += 1
            if asked.last:
                reply = asked.person.from_oa()[asked.before : asked.before + len(came)]
                wrong += not any(f"📌 {title}" in said.text for said in reply[1:] for title in asked.last)
            times += came[-1:]
        return sorted(times) or [float("nan")], lost, wrong


HEADING = [
    "| a second | arrivals | p50 s | p95 s | p99 s | longest s | without reply | pairs out of order | "
    "webhooks not 200 | bot MB | Rasa side MB | processor ms an arrival, bot + Rasa side |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
]


class Driver:
    """Asks, and looks on."""

    def __init__(
        self,
        zalo: StandIn,
        bot: Process,
        questions: list[str],
        titles: dict[str, tuple[str, ...]],
        *,
        is_new: bool,
    ) -> None:
        self.zalo = zalo
        self._bot = bot
        self._random = random.Random(28)  # noqa: S311
        self._questions = questions
        self._titles = titles
        self._is_new = is_new
        self._people = [zalo.person(f"person {number}") for number in range(CHATS)]
        self._turn = 0

    async def run(self, rate: float, seconds: float) -> Step:
        """Let people ask at a rate, and wait until all is answered."""
        step = Step(rate, seconds)
        watching = asyncio.create_task(self._watch(step))
        before = _processor(self._bot.pid)
        start = due = time.time()
        while (due := due + self._random.expovariate(rate)) < start + seconds:
            await asyncio.sleep(max(0.0, due - time.time()))
            step.late = max(step.late, time.time() - due)
            step.asked.append(self._ask(due))
        with suppress(TimeoutError):
            await self.zalo.until(lambda: not self._open(step), REST_SECONDS)
        await asyncio.sleep(1)  # the rest of a reply that has begun
        watching.cancel()
        after = _processor(self._bot.pid)
        step.processor = (after[0] - before[0], after[1] - before[1])
        return step

    def _ask(self, due: float) -> Asked:
        person = self._people[self._turn % CHATS]
        self._turn += 1
        asked = Asked(person, due, len(person.from_oa()))
        question = self._random.choice(self._questions)
        person.says(f"{question} ({self._turn})" if self._is_new else question)
        if self._random.random() < PAIRS:
            answer, asked.last = self._random.choice([*self._titles.items()])
            person.sends("user_send_text", is_shown=False, text=f"#answer:{answer}")
        return asked

    def _open(self, step: Step) -> int:
        return sum(len(asked.times(None)) < (2 if asked.last else 1) for asked in step.asked)

    async def _watch(self, step: Step) -> None:
        """Note the memory, and tell how it goes."""
        while True:
            step.memory.append(_memory(self._bot.pid))
            bot, rasa = step.memory[-1]
            told = (
                f"{len(step.asked)} asked, {self._open(step)} wait, bot {bot:.0f} MB, Rasa side {rasa:.0f} MB"
            )
            print(f"  {step.rate:.0f}/s: {told}", file=sys.stderr, flush=True)
            await asyncio.sleep(10)


def _memory(pid: int) -> tuple[float, float]:
    """Megabytes of a process, and of all that it has started. What they share is divided among them."""
    return _megabytes(pid), sum(map(_megabytes, _started_by(pid)))


def _processor(pid: int) -> tuple[float, float]:
    """Seconds of processor time of a process, and of all that it has started and that still runs."""
    return _seconds(pid), sum(map(_seconds, _started_by(pid)))


def _started_by(pid: int) -> set[int]:
    parents = {int(path.name): int(_stat(int(path.name))[1]) for path in Path("/proc").glob("[0-9]*")}
    below, found = {pid}, {pid}
    while found:
        found = {child for child, parent in parents.items() if parent in below} - below
        below |= found
    return below - {pid}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name: state, parent...; of one that is gone, zeros."""
    with suppress(OSError):
        return re.sub(r".*\)", "", Path(f"/proc/{pid}/stat").read_text()).split()
    return ["0"] * 20


def _seconds(pid: int) -> float:
    return (int(_stat(pid)[11]) + int(_stat(pid)[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        if size := re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE):
            return int(size.group(1)) / 1024
    return 0.0


@asynccontextmanager
async def service(zalo: StandIn, databases: Mapping[str, str]) -> AsyncIterator[Process]:
    """The service, authorised, ready, with its webhook saved. databases: settings of where it keeps what."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for part in ("nlu", ".venv-rasa"):
            (directory / part).symlink_to(PROJECT / part)
        async with serving(zalo.app()) as url:
            environment = {
                **os.environ,
                **settings(url, Fernet.generate_key().decode()),
                "PYTHONPATH": str(PROJECT),
                "RASA_PORT": str(free_port()),
                "CONTENT_DIR": str(PROJECT / "content"),
                "LOG_FORMAT": "json",
                **databases,
            }
            command = [sys.executable, "-m", "bot"]
            login = await asyncio.create_subprocess_exec(
                *command, "zalo", "login", cwd=directory, env=environment,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await login.communicate(f"https://example.vn/?code={zalo.grant.consent()}\n".encode())
            print(
                "  the bot starts; a model that is not there yet takes minutes", file=sys.stderr, flush=True
            )
            with (directory / "log").open("wb") as log:
                async with running_bot(directory, environment, log) as (bot, address):
                    await zalo.webhook.save(f"{address}/zalo/webhook")
                    try:
                        yield bot
                    finally:
                        await zalo.webhook.stop()
            await zalo.close()
            _tell_log(directory / "log")


@contextmanager
def _postgresql() -> Iterator[dict[str, str]]:
    """The settings of a bot and a Rasa side whose databases are of a PostgreSQL of their own."""
    with cluster(settings={}) as postgres, postgres.database() as bot, postgres.database() as rasa:
        of_rasa = make_url(rasa).set(drivername="postgresql")
        yield {
            "DATABASE_URL": bot,
            "RASA_CONVERSATIONS": of_rasa.render_as_string(hide_password=False),
        }


def _tell_log(log: Path) -> None:
    """How often the bot complained, and of what."""
    print(f"  warnings and errors in the bot's log: {complaints(log) or 'none'}", file=sys.stderr)


def _titles() -> dict[str, tuple[str, ...]]:
    library = load_content(PROJECT / "content").library
    return {
        answer.id: tuple(answer[language].title for language in Language)
        for topic in TOPICS
        for answer in library.of_topic(topic)
    }


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=28)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--new", dest="is_new", action="store_true")
    parser.add_argument("--break", dest="is_to_break", action="store_true")
    parser.add_argument("--postgresql", dest="is_on_postgresql", action="store_true")
    arguments = parser.parse_args()
    zalo = StandIn()
    zalo.webhook.hurry = 1
    on = machine()
    lines: list[str] = []
    async with AsyncExitStack() as stack:
        databases = stack.enter_context(_postgresql()) if arguments.is_on_postgresql else {}
        bot = await stack.enter_async_context(service(zalo, databases))
        driver = Driver(zalo, bot, [case["q"] for case in questions()], _titles(), is_new=arguments.is_new)
        await driver.run(2, 5)  # what is loaded at the first question is no load
        rate, seconds = arguments.rate, arguments.seconds
        while True:
            before = len(zalo.webhook.deliveries)
            step = await driver.run(rate, seconds)
            statuses = [delivery.status for delivery in zalo.webhook.deliveries[before:]]
            lines += step.rows(statuses)
            print("\n".join([*HEADING, *lines]), flush=True)
            print(f"  the driver itself was at most {step.late:.2f} s late", file=sys.stderr)
            times, lost, _wrong = step.outcome()
            is_broken = lost or times[int(0.95 * len(times))] > BROKEN_SECONDS or not zalo.webhook.is_on
            if not arguments.is_to_break or is_broken:
                break
            rate, seconds = rate * STEP, STEP_SECONDS
    database = "PostgreSQL" if arguments.is_on_postgresql else "SQLite"
    heading = f"## {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC: {on}, {database}"
    seconds = f"{arguments.seconds:.0f} s"
    seconds += f"; each further line {STEP_SECONDS} s." if len(lines) > 1 else "."
    if arguments.is_new:
        seconds += " No question comes twice."
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write("\n".join([heading, "", seconds, "", *HEADING, *lines, "", ""]))


if __name__ == "__main__":
    asyncio.run(main())
