"""What one message costs on the Rasa side, encoding aside: processor time and time to the reply, by stage.

    .venv/bin/python -m benchmarks.message [--questions 300] [--against ANOTHER_CHECKOUT]

It starts `nlu/server.py`, which trains first if it has to, and puts the questions of tests/nlu/ to it, one at
a time, over its one address. All are read once before anything is measured, so that their vectors are
remembered. With --against (a checkout that has build/rasa, and an environment in .venv-rasa), that one
answers the same messages in turn with this one, BLOCK at a time, so that what else the machine does meets
both; the replies are compared. Each run adds its tables to benchmarks/results/message.md.
"""

from __future__ import annotations

import argparse
import datetime
import http.client
import json
import os
import random
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.project import PROJECT
from benchmarks.project import questions as all_questions
from stand_ins.serving import free_port

RESULTS = PROJECT / "benchmarks" / "results" / "message.md"
BLOCK = 25
LATE_TURN = 20
SAME = 1e-5
"""By how much two scores may differ that are the same."""

READY_SECONDS = 900
WEBHOOK, PARSE = "/webhooks/rest/webhook", "/parse"

Message = tuple[str, dict[str, Any]]
"""Where it is sent, and its body."""


@dataclass
class Cost:
    """Of the messages of a stage, in milliseconds. server, rasa: processor time of both processes, in all;
    waited: until each reply."""

    server: float = 0
    rasa: float = 0
    waited: list[float] = field(default_factory=list)

    def row(self, stage: str, variant: str) -> str:
        """A line of the table."""
        count = len(self.waited)
        hundredths = statistics.quantiles(self.waited, n=100)
        told = (self.rasa / count, self.server / count, hundredths[49], hundredths[94])
        return f"| {stage} | {variant} | {' | '.join(f'{value:.2f}' for value in told)} |"


class Side:
    """A Rasa side that runs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._server = process.pid
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def asked(self, messages: list[Message], cost: Cost) -> list[Any]:
        """The replies to messages, one after another; what they cost is added."""
        server, rasa = self._spent()
        replies = []
        for path, body in messages:
            started = time.perf_counter()
            replies.append(self._asked("POST", path, body))
            cost.waited.append(1000 * (time.perf_counter() - started))
        server_after, rasa_after = self._spent()
        cost.server += server_after - server
        cost.rasa += rasa_after - rasa
        return replies

    def until_ready(self) -> None:
        """Wait until the newest model answers and nothing is trained."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                status = self._asked("GET", "/status", None)
                if status["model"] and status["model"] == status["wanted"] and not status["training"]:
                    return
            except OSError:
                self._http.close()
            time.sleep(0.2)
        raise TimeoutError("the Rasa side did not get ready")

    def _asked(self, method: str, path: str, body: Any) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, sent, {"Content-Type": "application/json"})
        response = self._http.getresponse()
        text = response.read()
        assert response.status == 200, text
        return json.loads(text)

    def _spent(self) -> tuple[float, float]:
        """Milliseconds of processor so far, of the server and of its Rasa processes."""
        return _milliseconds(self._server), sum(map(_milliseconds, _below(self._server)))


def _below(pid: int) -> Iterator[int]:
    """A process's children and theirs."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from _below(child)


def _milliseconds(pid: int) -> float:
    """Processor time of all threads of a process; see Documentation/scheduler/sched-stats.rst of Linux."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in threads) / 1e6


@contextmanager
def side(project: Path) -> Iterator[Side]:
    """The Rasa side of a checkout while the context is open, with conversations of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [project / ".venv-rasa/bin/python", "nlu/server.py", "--child", "--port", str(port)],
            cwd=project, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            env={**os.environ, "RASA_CONVERSATIONS": f"{directory}/conversations.sqlite3"},
        )  # fmt: skip
        try:
            running = Side(process, port)
            running.until_ready()
            yield running
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait()


def questions(count: int) -> list[str]:
    """Of tests/nlu/, the same ones each time."""
    every = [entry["q"] for entry in all_questions()]
    return random.Random(1).sample(every, count)  # noqa: S311 nothing to guess


def stages(asked: list[str]) -> Iterator[tuple[str, list[Message]]]:
    """What is sent, in an order in which it can be; a name is empty where nothing is measured."""
    people = [secrets.token_hex(8) for _ in asked]

    def turn(texts: list[str]) -> list[Message]:
        return [
            (WEBHOOK, {"sender": person, "message": text, "metadata": {"language": "vi"}})
            for person, text in zip(people, texts, strict=False)
        ]

    yield "", [(PARSE, {"text": text}) for text in asked]
    yield "reading alone (POST /parse)", [(PARSE, {"text": text}) for text in asked]
    yield "first turn", turn(asked)
    yield "second turn", turn(asked[1:] + asked[:1])
    yield "third turn, a button", turn(["/help"] * len(asked))
    few = asked[: max(BLOCK, len(asked) // 6)]
    for number in range(4, LATE_TURN):
        yield "", turn(few[number:] + few[:number])
    yield f"turn {LATE_TURN}", turn(few)


def measured(sides: dict[str, Side], asked: list[str]) -> tuple[dict[str, dict[str, Cost]], int]:
    """What each stage costs on each side, and how many replies are not the same on all."""
    costs: dict[str, dict[str, Cost]] = {}
    different = 0
    for stage, messages in stages(asked):
        of_stage = costs.setdefault(stage, {name: Cost() for name in sides})
        for start in range(0, len(messages), BLOCK):
            some = messages[start : start + BLOCK]
            replies = [side.asked(some, of_stage[name]) for name, side in sides.items()]
            different += sum(not _are_alike(*pair) for pair in zip(replies[0], replies[-1], strict=True))
    del costs[""]
    return costs, different


def _are_alike(one: Any, other: Any) -> bool:
    """Whether two replies are the same, numbers within SAME."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_are_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_are_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= SAME
    return bool(one == other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--against", type=Path, help="another checkout, called 'before' in the table")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with ExitStack() as running:
        sides = {}
        if arguments.against:
            sides["before"] = running.enter_context(side(arguments.against.resolve()))
        sides["now"] = running.enter_context(side(PROJECT))
        costs, different = measured(sides, questions(arguments.questions))
    when = datetime.datetime.now(datetime.timezone.utc)
    lines = [
        f"\n## {when:%Y-%m-%d %H:%M} UTC: {os.cpu_count()} cores, load before {load:.1f}\n",
        "| stage | | processor ms, Rasa | processor ms, server | p50 ms | p95 ms |",
        "|---|---|---|---|---|---|",
        *(cost.row(stage, name) for stage, each in costs.items() for name, cost in each.items()),
    ]
    if arguments.against:
        lines.append(f"\n{different} replies are not the same.")
    print("\n".join(lines))
    with RESULTS.open("a", encoding="utf-8") as results:
        results.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
