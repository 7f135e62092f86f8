"""What one message costs the bot: processor and wall time of POST /api/messages, and its statements.

    .venv/bin/python -m benchmarks.message_bot [--before DIRECTORY] [--messages 300] [--postgres]

The service runs as `python -m bot run` does, with a Rasa side that answers at once out of a table
(tests/answering/rasa_stand_in.py, in this process), so that what is measured is the bot. Questions come
one at a time on one kept connection. `--before` is the project's directory at another commit (a git
worktree); then both run side by side and take turns, fifty messages each, so that other work on the machine
falls on both. Statements and transactions are counted in a run of their own, by the database's driver.

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
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.answering.rasa_stand_in import Plan, RasaStandIn
from tests.end_to_end.bot_process import free_port
from tests.postgres import Cluster, cluster

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results" / "message_bot.md"

TURN = 50
WARM_UP = 50
READY_SECONDS = 60
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
    name: str, source: Path, rasa_url: str, database_url: str | None, command: list[str]
) -> AsyncIterator[Bot]:
    """The service of a directory, with a database of its own."""
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        settings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(source),
            "PORT": str(port),
            "RASA_URL": rasa_url,
            "CONTENT_DIR": str(source / "content"),
            "WEB_RATE_LIMIT": "0",
            **({"DATABASE_URL": database_url} if database_url else {}),
        }
        with (Path(directory) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, cwd=directory, env=settings, stdout=PIPE, stderr=log
            )
            try:
                async with httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
                ) as http:
                    await ready(http)
                    bot = Bot(name, process, http)
                    await bot.ask(WARM_UP, counts=False)
                    yield bot
            finally:
                process.send_signal(signal.SIGTERM)
                await process.wait()


async def ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get("/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)  # between two looks


async def counted(source: Path, rasa_url: str, messages: int) -> tuple[float, float]:
    """Statements and transactions a message, on SQLite."""

    async def told(bot: Bot) -> dict[str, int]:
        bot.process.send_signal(signal.SIGUSR1)
        assert bot.process.stdout
        while not (line := await bot.process.stdout.readline()).startswith(b"{"):
            pass
        numbers: dict[str, int] = json.loads(line)
        return numbers

    async with running("", source, rasa_url, None, ["-c", COUNTING]) as bot:
        before = await told(bot)
        await bot.ask(messages)
        after = await told(bot)
    statements, transactions = ((after[k] - before[k]) / messages for k in ("statements", "transactions"))
    return statements, transactions


async def measure(before: Path | None, messages: int, postgres: Cluster | None) -> str:
    sources = {"before": before, "now": PROJECT} if before else {"now": PROJECT}
    counts = {}
    command = ["-m", "bot", "run"]
    async with RasaStandIn(plans=plans).serving() as rasa_url, contextlib.AsyncExitStack() as stack:
        bots = []
        for name, source in sources.items():
            assert source
            counts[name] = await counted(source.resolve(), rasa_url, messages)
        for name, source in sources.items():
            assert source
            database_url = postgres.new_database() if postgres else None
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
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    with cluster() if options.postgres else contextlib.nullcontext() as postgres:
        table = asyncio.run(measure(options.before, options.messages, postgres))
    database = "PostgreSQL" if options.postgres else "SQLite"
    now = datetime.datetime.now(datetime.UTC)
    title = f"## {now:%Y-%m-%d %H:%M} UTC: {database}, {options.messages} messages, one at a time"
    print(f"{title}\n\n{table}")
    if not options.no_record:
        with RESULTS.open("a", encoding="utf-8") as results:
            results.write(f"\n{title}\n\n{table}\n")


if __name__ == "__main__":
    main()
