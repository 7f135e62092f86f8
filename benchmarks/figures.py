"""How fast the figures of a month of three million messages come: the editors' page, and the open CSV and
JSON.

    .venv/bin/python -m benchmarks.figures [--messages 3000000] [--times 40]

A month and the one before are made up (stand_ins/traffic.py: hours, weekends, topics, a rumour that grows)
and written as the bot counts them. The pages are then served over HTTP on this machine and asked for one
by one; the open figures without their cache of five minutes. Beside it, in turns in the same run, what one
would take instead: a table with a row for each message, as many, with an index by time, counted with SQL
for the same six tables.

Run from the project's directory; the table is also appended to benchmarks/results/figures.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
from cryptography.fernet import Fernet
from sqlalchemy import Connection

from benchmarks.project import PROJECT
from bot import figures_route
from bot.content.loading import load
from bot.desk.accounts import Account, Accounts
from bot.desk.bot_reader import BotReader
from bot.desk.editing import EditingDesk
from bot.editing.app import create_app, open_database
from bot.figures_route import OpenFigures
from bot.http_server import SecurityHeaders
from bot.storage import traffic
from bot.storage.database import Database
from bot.storage.schema import migrate
from bot.storage.traffic import Dimension, Sums
from stand_ins.serving import serving
from stand_ins.traffic import made_up_month, noon

RESULTS = PROJECT / "benchmarks" / "results" / "figures.md"

BEFORE, MONTH = datetime.date(2026, 9, 1), datetime.date(2026, 10, 1)
NOW = noon(datetime.date(2026, 11, 3))

KEY = Fernet.generate_key().decode()

BY_SQL = [
    f"SELECT {by}, count(*) FROM message WHERE at >= '2026-10-01' AND at < '2026-11-01' GROUP BY 1"  # noqa: S608
    for by in ("date(at)", "strftime('%H', at)", "channel", "language", "outcome", "answer")
]


def rows(sums: Sums) -> Iterator[tuple[str, str, str, str, str | None]]:
    """A row for each message of a month, its parts drawn as often as the sums have them."""
    chance = random.Random(2)  # noqa: S311  (no secret)
    for day in sorted({day for day, _, _ in sums}):
        of_day: dict[Dimension, list[str]] = {}
        for (at, dimension, name), number in sums.items():
            if at == day:
                of_day.setdefault(dimension, []).extend([name] * number)
        answers = of_day[Dimension.ANSWER]
        parts = {
            dimension: of_day[dimension]
            for dimension in (Dimension.HOUR, Dimension.CHANNEL, Dimension.LANGUAGE, Dimension.OUTCOME)
        }
        for values in parts.values():
            chance.shuffle(values)
        for hour, channel, language, outcome in zip(*parts.values(), strict=True):
            answer = answers.pop() if outcome in {"answered", "chosen"} and answers else None
            yield f"{day} {hour}:{chance.randrange(60):02}:00", channel, language, outcome, answer


def write_messages(file: Path, sums: Sums) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "CREATE TABLE message (at TEXT, channel TEXT, language TEXT, outcome TEXT, answer TEXT)"
        )
        database.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", rows(sums))
        database.execute("CREATE INDEX by_time ON message (at)")
        database.execute("ANALYZE")


def count_by_sql(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        for query in BY_SQL:
            assert database.execute(query).fetchall()


async def measure(directory: Path, messages: int, times: int) -> list[str]:
    """The rows of the result."""
    content = PROJECT / "content"
    library = load(content).library
    answers = sorted(library.answers)
    month = made_up_month(MONTH, messages, answers)
    database = Database(f"sqlite+aiosqlite:///{directory}/bot.db")
    await migrate(database)

    def fill(connection: Connection) -> None:
        traffic.add(connection, made_up_month(BEFORE, messages, answers, is_calm=True))
        traffic.add(connection, month)

    await database.transact(fill)
    write_messages(directory / "messages.db", month)

    pages = await open_database(f"sqlite:///{directory}/editors.db")
    accounts = Accounts(KEY)
    person = Account(id=0, name="lan", full_name="Lan")

    def log_in(connection: Connection) -> str:
        accounts.invite(connection, person, NOW)
        return accounts.begin_session(connection, accounts.all(connection)[0], NOW)

    session = await pages.transact(log_in)
    reader = BotReader(f"sqlite+aiosqlite:///{directory}/bot.db")
    desk = EditingDesk(pages, content, lambda: library, lambda: NOW, bot=reader)
    figures_route.FRESH_SECONDS = 0
    app = create_app(desk, KEY, "http://localhost")
    app.routes.extend(OpenFigures(database, lambda: library, lambda: NOW).routes())
    async with (
        serving(SecurityHeaders(app)) as url,
        httpx.AsyncClient(base_url=url, cookies={"editor": session}, timeout=30) as client,
    ):

        async def get(path: str) -> None:
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            assert len(answer.text) > 10_000

        async def by_sql() -> None:
            await asyncio.to_thread(count_by_sql, directory / "messages.db")

        tried: dict[str, tuple[Callable[[], Awaitable[None]], int]] = {
            "the editors' page": (lambda: get("/figures?month=2026-10"), times),
            "the CSV, not from the cache": (lambda: get("/figures/2026-10.csv"), times),
            "the JSON, not from the cache": (lambda: get("/figures/2026-10.json"), times),
            "counted with SQL from a row for each message": (by_sql, max(3, times // 8)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in tried}
        for turn in range(times):
            for name, (work, most) in tried.items():
                if turn < most:
                    began = time.perf_counter()
                    await work()
                    seconds[name].append(time.perf_counter() - began)
    await reader.close()
    await pages.close()
    await database.close()
    sizes = [(directory / name).stat().st_size / 1e6 for name in ("bot.db", "messages.db")]
    slow = statistics.median(seconds["counted with SQL from a row for each message"])
    table = ["| | p50 ms | p95 ms | p50 against SQL |", "|---|---|---|---|"]
    for name, took in seconds.items():
        p50, p95 = statistics.median(took), sorted(took)[max(0, round(len(took) * 0.95) - 1)]
        table.append(f"| {name} | {1000 * p50:.1f} | {1000 * p95:.1f} | {p50 / slow:.4f} |")
    return [
        *table,
        "",
        f"Database: {sizes[0]:.1f} MB with two months of sums; {sizes[1]:.0f} MB with one of rows.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=3_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        table = "\n".join(asyncio.run(measure(Path(directory), options.messages, options.times)))
    now = datetime.datetime.now(datetime.UTC)
    title = f"## {now:%Y-%m-%d %H:%M} UTC: {options.messages:,} messages a month, SQLite"
    print(f"{title}\n\n{table}")
    if not options.no_record:
        with RESULTS.open("a", encoding="utf-8") as results:
            results.write(f"\n{title}\n\n{table}\n")


if __name__ == "__main__":
    main()
