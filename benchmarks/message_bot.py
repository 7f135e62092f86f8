"""What one message costs the bot: processor and wall time of POST /api/messages, and its statements.

    .venv/bin/python -m benchmarks.message_bot [--before DIRECTORY] [--messages 300] [--database-url URL ...]

The service runs as `python -m bot run` does, with a Rasa side that answers at once out of a table
(stand_ins/rasa.py, in this process), so that what is measured is the bot. Questions come
one at a time on one kept connection. `--before` is the project's directory at another commit (a git
worktree); then both run side by side and take turns, fifty messages each, so that other work on the machine
falls on both; the database is SQLite, or the empty one of `--database-url`, given once for each of them.
Statements and transactions are counted in a run of their own on SQLite, by its driver.

Run from the project's directory; the table is also appended to benchmarks/results/message_bot.md.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import signal
import statistics
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import httpx

from benchmarks.project import PROJECT, running_bot
from stand_ins.rasa import Plan, RasaStandIn

RESULTS = PROJECT / "benchmarks" / "results" / "message_bot.md"

TURN = 50
WARM_UP = 50
TICKS = os.sysconf("SC_CLK_TCK")

ANSWER = "culture.ninh-kieu-quay"

COUNTING = """
import collections, json, runpy, signal, sqlite3, sys
counted = collections.Counter()
def count(statement):
    word = statement.split(None, 1)[0].upper()
    counted[{"BEGIN": "transactions", "COMMIT": "", "ROLLBACK": ""}.get(word.strip(";"), "statements")] += 1
connect = sqlite3.connect
def traced(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(count)
    return connection
sqlite3.connect = sqlite3.dbapi2.connect = traced
def tell(*_):
    print(json.dumps(counted), file=sys.stdout, flush=True)
signal.signal(signal.SIGUSR1, tell)
sys.argv = ["bot", "run"]
runpy.run_module("bot", run_name="__main__")
"""


@dataclass
class Bot:
    """A service that runs. walls: seconds of each message; cpu: processor seconds of all of them."""

    name: str
    process: Process
    http: httpx.AsyncClient
    walls: list[float] = field(default_factory=list)
    cpu: float = 0.0

    async def ask(self, messages: int, *, counts: bool = True) -> None:
        """Put so many questions, one at a time, each of a conversation with a few turns."""
        before = self._cpu()
        for number in range(messages):
            body = {"conversation": f"c{number // 5}", "text": f"bến Ninh Kiều {number}", "language": "vi"}
            start = time.perf_counter()
            response = await self.http.post("/api/messages", json=body)
            response.raise_for_status()
            if counts:
                self.walls.append(time.perf_counter() - start)
        await asyncio.sleep(0.2)  # what it does after the reply is part of the cost
        if counts:
            self.cpu += self._cpu() - before

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def row(self) -> str:
        """Its line of the table."""
        walls = sorted(1000 * wall for wall in self.walls)
        p95 = walls[int(0.95 * len(walls))]
        cpu = 1000 * self.cpu / len(walls)
        return f"| {self.name} | {cpu:.1f} | {statistics.median(walls):.1f} | {p95:.1f} |"


def plans(_text: str) -> list[Plan]:
    """One answer of content/, whatever was asked."""
    return [{"reply": "answer", "id": ANSWER}]


@asynccontextmanager
async def running(
    name: str, source: Path, rasa_url: str, database_url: str | None, command: tuple[str, ...]
) -> AsyncIterator[Bot]:
    """The service of a directory, with a database of its own."""
    settings = {
        "PYTHONPATH": str(source),
        "RASA_URL": rasa_url,
        "CONTENT_DIR": str(source / "content"),
        "WEB_RATE_LIMIT": "0",
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    with tempfile.TemporaryDirectory() as directory, (Path(directory) / "log").open("wb") as log:
        async with (
            running_bot(Path(directory), settings, log, command, PIPE) as (process, url),
            httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http,
        ):
            bot = Bot(name, process, http)
            await bot.ask(WARM_UP, counts=False)
            yield bot


async def counted(source: Path, rasa_url: str, messages: int) -> tuple[float, float]:
    """Statements and transactions a message, on SQLite."""

    async def told(bot: Bot) -> dict[str, int]:
        bot.process.send_signal(signal.SIGUSR1)
        assert bot.process.stdout
        while not (line := await bot.process.stdout.readline()).startswith(b"{"):
            pass
        numbers: dict[str, int] = json.loads(line)
        return numbers

    async with running("", source, rasa_url, None, ("-c", COUNTING)) as bot:
        before = await told(bot)
        await bot.ask(messages)
        after = await told(bot)
    statements, transactions = ((after[k] - before[k]) / messages for k in ("statements", "transactions"))
    return statements, transactions


async def measure(before: Path | None, messages: int, database_urls: list[str]) -> str:
    sources = {"before": before, "now": PROJECT} if before else {"now": PROJECT}
    counts = {}
    command = ("-m", "bot", "run")
    async with RasaStandIn(plans=plans).serving() as rasa_url, contextlib.AsyncExitStack() as stack:
        bots = []
        for name, source in sources.items():
            assert source
            counts[name] = await counted(source.resolve(), rasa_url, messages)
        for (name, source), database_url in zip_longest(sources.items(), database_urls):
            assert source
            context = running(name, source.resolve(), rasa_url, database_url, command)
            bots.append(await stack.enter_async_context(context))
        for _ in range(messages // TURN):
            for bot in bots:
                await bot.ask(TURN)
        lines = [f"{bot.row()} {counts[bot.name][0]:.1f} | {counts[bot.name][1]:.1f} |" for bot in bots]
    return "\n".join(
        [
            "| | processor ms | wall p50 ms | wall p95 ms | statements | transactions |",
            "|---|---|---|---|---|---|",
            *lines,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--database-url", action="append", default=[], dest="database_urls")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    bots = 2 if options.before else 1
    if len(options.database_urls) not in {0, bots}:
        parser.error(f"--database-url is needed {bots} times, once for each bot, or not at all")
    table = asyncio.run(measure(options.before, options.messages, options.database_urls))
    database = "PostgreSQL" if options.database_urls else "SQLite"
    now = datetime.datetime.now(datetime.UTC)
    title = f"## {now:%Y-%m-%d %H:%M} UTC: {database}, {options.messages} messages, one at a time"
    print(f"{title}\n\n{table}")
    if not options.no_record:
        with RESULTS.open("a", encoding="utf-8") as results:
            results.write(f"\n{title}\n\n{table}\n")


if __name__ == "__main__":
    main()
