"""Many changes of the model, one after another, under a steady load; beside it, a restart of `rasa run`.

    .venv/bin/python -m benchmarks.change_over [--changes 50] [--rate 10]

Each change adds one example question to an answer of content/ and is over when the new model answers.
Asked are the questions of tests/nlu/, each by somebody new. Memory is that of the whole Rasa side, with
what its processes share counted once (PSS); CPU seconds are those of all its processes, replies
included. A reply is slow after SLOW_SECONDS and lost if it is none. Run from the project's directory,
with nothing else on the machine; sentence vectors are taken from build/. Each run adds its tables to
benchmarks/results/change_over.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import itertools
import os
import re
import secrets
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.project import PROJECT, copy_to, questions
from bot.content.loading import load
from bot.rasa.training_set import training_files
from stand_ins.serving import free_port

RESULTS = PROJECT / "benchmarks" / "results" / "change_over.md"
SLOW_SECONDS = 1.0
REST_SECONDS = 5
"""Of the load after the last change, and of rest before memory is measured."""

READY_SECONDS = 900
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Asked:
    """What became of the messages. seconds: of each reply; lost: how many got none."""

    seconds: list[float] = field(default_factory=list)
    lost: int = 0

    def row(self, name: str) -> str:
        """A line of the table."""
        times = sorted(self.seconds) or [float("nan")]
        quantiles = [times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.99, 1)]
        told = " | ".join(f"{1000 * value:.0f}" for value in quantiles)
        slow = sum(value > SLOW_SECONDS for value in times)
        return f"| {name} | {len(self.seconds) + self.lost} | {self.lost} | {slow} | {told} |"


@dataclass
class Change:
    """One change. steps: seconds and CPU seconds of each; megabytes: once it is over."""

    steps: dict[str, tuple[float, float]]
    megabytes: float
    is_refused: bool

    @property
    def seconds(self) -> float:
        """From the request to the first answer."""
        return sum(seconds for seconds, _ in self.steps.values())

    @property
    def cpu(self) -> float:
        """CPU seconds meanwhile."""
        return sum(cpu for _, cpu in self.steps.values())


def parents_of_all() -> dict[int, int]:
    """Of each process its parent; see proc(5)."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    return parents


def processes(of: int) -> set[int]:
    """A process and all below it."""
    parents = parents_of_all()
    found, new = set[int](), {of}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in found} - found
    return found


def megabytes(of: int) -> float:
    """Of a process and all below it; what they share counts once."""
    total = 0
    for pid in processes(of):
        with suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            if size := re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE):
                total += int(size.group(1))
    return total / 1024


def cpu_seconds(of: int) -> float:
    """Of a process and all below it, those that have ended too."""
    total = 0
    for pid in processes(of):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS


@asynccontextmanager
async def asked(url: str, rate: float) -> AsyncIterator[Asked]:
    """Messages come in at that rate a second, whether or not the last one is answered."""
    outcome, open_ones = Asked(), set[asyncio.Task[None]]()
    texts = itertools.cycle(case["q"] for case in questions())
    async with httpx.AsyncClient(
        base_url=url, timeout=60, trust_env=False, limits=httpx.Limits(max_connections=None)
    ) as http:

        async def one(text: str) -> None:
            started = time.perf_counter()
            body = {"sender": secrets.token_hex(8), "message": text, "metadata": {}}
            try:
                response = await http.post("/webhooks/rest/webhook", json=body)
                is_reply = response.status_code == 200 and bool(response.json())
            except httpx.TransportError:
                is_reply = False
            if is_reply:
                outcome.seconds.append(time.perf_counter() - started)
            else:
                outcome.lost += 1

        async def all_of_them() -> None:
            for text in texts:
                task = asyncio.create_task(one(text))
                open_ones.add(task)
                task.add_done_callback(open_ones.discard)
                await asyncio.sleep(1 / rate)

        asking = asyncio.create_task(all_of_them()) if rate else None
        try:
            yield outcome
        finally:
            if asking:
                asking.cancel()
            await asyncio.gather(*open_ones)


@dataclass
class Side:
    """The Rasa side. pid: of its server."""

    pid: int
    http: httpx.AsyncClient

    async def status(self) -> dict[str, Any]:
        """GET /status."""
        return dict((await self.http.get("/status")).json())

    async def until_one_answers(self) -> None:
        """Wait until one model is left: the server's children fork a process for each."""
        while True:
            parents = parents_of_all()
            if sum(parents.get(parent) == self.pid for parent in parents.values()) == 1:
                return
            await asyncio.sleep(0.05)  # between two looks


@asynccontextmanager
async def rasa_side(directory: Path) -> AsyncIterator[Side]:
    """The Rasa side of a directory while the context is open."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        PROJECT / ".venv-rasa/bin/python", directory / "nlu/server.py", "--child", "--port", str(port),
        cwd=directory, stdin=PIPE, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        ) as http:
            side = Side(process.pid, http)
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    with suppress(httpx.TransportError):
                        await side.status()
                        break
                    await asyncio.sleep(0.05)  # between two looks
            yield side
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def change(side: Side, files: dict[str, str]) -> Change:
    """Hand training data over and wait until its model answers."""
    steps: dict[str, tuple[float, float]] = {}
    then, before = time.perf_counter(), cpu_seconds(side.pid)
    body = {"files": files, "override": "a benchmark of the change-over", "withdrawn": []}
    answer = await side.http.put("/training-data", json=body)
    name, is_live, step = answer.json()["model"], False, "reading"
    while not is_live:
        status = await side.status()
        assert (status["failed"] or {}).get("model") != name, status["failed"]
        is_live = status["model"] == name
        now, cpu = time.perf_counter(), cpu_seconds(side.pid)
        seconds, used = steps.get(step, (0.0, 0.0))
        steps[step] = seconds + now - then, used + cpu - before
        step = (status["training"] or {}).get("step", step)
        then, before = now, cpu
        await asyncio.sleep(0.05)
    models = (await side.http.get("/models")).json()["models"]
    kept = next(model for model in models if model["name"] == name)
    await side.until_one_answers()  # the old process first answers what it was asked
    await asyncio.sleep(REST_SECONDS)
    return Change(steps, megabytes(side.pid), kept["override"] is not None)


def one_more(files: dict[str, str], number: int) -> dict[str, str]:
    """The training data with one question more, of one answer after another."""
    answers = re.findall(r"intent: (faq/\S+)", "".join(files.values()))
    example = f"- intent: {answers[number % len(answers)]}\n  examples: |\n    - question number {number}\n"
    return {**files, "one_more.yml": f'version: "3.1"\nnlu:\n{example}'}


async def changes(directory: Path, count: int, rate: float) -> tuple[list[Change], Asked]:
    """Our change-over, many times."""
    files = training_files(load(PROJECT / "content").library)
    async with rasa_side(directory) as side:
        tell("the first model is made; without vectors in build/ that takes minutes")
        made = [await change(side, files)]
        async with asked(str(side.http.base_url), rate) as outcome:
            for number in range(count):
                made.append(await change(side, one_more(files, number)))
                last = made[-1]
                tell(
                    f"change {number + 1} of {count}: {last.seconds:.1f} s, {last.cpu:.1f} CPU s,"
                    f" {last.megabytes:.0f} MB; {len(outcome.seconds)} replies, {outcome.lost} lost"
                )
    return made, outcome


async def restart(directory: Path, rate: float) -> tuple[Asked, float]:
    """What a user would do instead: end `rasa run` and start it with the new model; its seconds away."""
    model = max((directory / "models").glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            PROJECT / ".venv-rasa/bin/python", "-m", "rasa", "run", "--model", model, "--port", str(port),
            "--interface", "127.0.0.1", "--credentials", "credentials.yml", "--endpoints", "endpoints.yml",
            cwd=directory, env={**os.environ, "PYTHONPATH": str(directory)},
        )  # fmt: skip

    async def ready() -> None:
        body = {"sender": "readiness", "message": "/help", "metadata": {}}
        async with (
            httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
            asyncio.timeout(READY_SECONDS),
        ):
            while True:
                with suppress(httpx.TransportError):
                    if (await http.post("/webhooks/rest/webhook", json=body)).status_code == 200:
                        return
                await asyncio.sleep(0.1)

    rasa = await start()
    try:
        await ready()
        async with asked(url, rate) as outcome:
            await asyncio.sleep(REST_SECONDS)
            started = time.perf_counter()
            rasa.terminate()
            await rasa.wait()
            rasa = await start()
            await ready()
            seconds = time.perf_counter() - started
            await asyncio.sleep(REST_SECONDS)
    finally:
        rasa.terminate()
        await rasa.wait()
    return outcome, seconds


def report(made: list[Change], rows: list[str], rate: float, load_before: float) -> Iterator[str]:
    """The tables, line by line."""
    first, last = made[1], made[-1]
    when = datetime.datetime.now(datetime.UTC)
    yield f"## {when:%Y-%m-%d %H:%M} UTC: {os.cpu_count()} cores, load before {load_before:.1f}\n"
    yield f"{len(made) - 1} changes under {rate:g} messages a second.\n"
    if rows:
        yield "| | messages | lost | slow | median ms | p99 ms | longest ms |"
        yield "|---|---|---|---|---|---|---|"
        yield from rows
        yield ""
    yield "| step of a change | seconds (median) | longest | CPU seconds (median) |"
    yield "|---|---|---|---|"
    for step in dict.fromkeys(step for one in made[1:] for step in one.steps):
        yield _step(step, [one.steps[step] for one in made[1:] if step in one.steps])
    yield _step("all", [(one.seconds, one.cpu) for one in made[1:]])
    grown = (last.megabytes / first.megabytes - 1) * 100
    yield f"\nThe whole Rasa side after the first change {first.megabytes:.0f} MB, after the last"
    yield f"{last.megabytes:.0f} MB ({grown:+.1f} %); the most was {max(o.megabytes for o in made):.0f} MB."
    if refused := sum(one.is_refused for one in made):
        yield f"The validation spoke against {refused} of the models, which was overridden."
    yield ""


def _step(name: str, of: list[tuple[float, float]]) -> str:
    seconds, cpu = zip(*of, strict=True)
    return (
        f"| {name} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | {statistics.median(cpu):.1f} |"
    )


def tell(line: str) -> None:
    """Show how it goes."""
    print(f"  {line}", file=sys.stderr, flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument(
        "--rate", type=float, default=10, help="messages a second; 0 measures the steps alone"
    )
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="change-over-") as name:
        directory = Path(name)
        copy_to(directory)
        made, ours = await changes(directory, arguments.changes, arguments.rate)
        rows = []
        if arguments.rate:
            tell("rasa run is started, ended and started again")
            theirs, seconds = await restart(directory, arguments.rate)
            rows = [ours.row("all our changes"), theirs.row(f"one restart, {seconds:.0f} s")]
    lines = list(report(made, rows, arguments.rate, load_before))
    print("\n".join(lines))
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
