"""Three bots and three Rasa sides over PostgreSQL, killed all the time, for five minutes: is anything lost?

    .venv/bin/python -m benchmarks.survival [--seconds 300] [--chats 24] [--pages 8] [--pause 3]

One bot and one Rasa side get SIGKILL as soon as the last one killed is back, and PostgreSQL crashes once in
the middle. People press buttons, whose answers are known, and ask the questions of tests/nlu/, each with a
number behind it. Found are messages without a reply, with two, out of order, with another answer, and cards
that came again without having been in hand. Leases are the bot's own, of 30 seconds: a message that was in
hand of a bot that died waits for so long. tests/end_to_end/test_survival.py is the short form.

Run from the project's directory; each run adds what it found to benchmarks/results/survival.md, and fails if
there are faults.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.project import PROJECT, complaints, copy_to, machine, questions
from bot.content.loading import load
from bot.domain.answer import TOPICS
from stand_ins.postgres import cluster
from stand_ins.survival import survive

RESULTS = PROJECT / "benchmarks" / "results" / "survival.md"


def tell(line: str) -> None:
    """Show how it goes."""
    print(f"  {datetime.datetime.now(datetime.UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--chats", type=int, default=24)
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--pause", type=float, default=3)
    arguments = parser.parse_args()
    before = machine()
    library = load(PROJECT / "content").library
    answers = [answer.id for topic in TOPICS for answer in library.of_topic(topic)]
    with tempfile.TemporaryDirectory(prefix="survival-") as name, cluster(settings={}) as postgres:
        directory, project = Path(name), Path(name) / "project"
        project.mkdir()
        copy_to(project)
        tell("the fleet starts; a model that is not there yet takes minutes")
        outcome = await survive(
            directory,
            project,
            PROJECT / "content",
            postgres,
            answers=answers,
            questions=[case["q"] for case in questions()],
            seconds=arguments.seconds,
            chats=arguments.chats,
            pages=arguments.pages,
            pause=arguments.pause,
            tell=tell,
        )
        logged = complaints(*sorted(directory.glob("bot-*.log")))  # noqa: ASYNC240
    now = datetime.datetime.now(datetime.UTC)
    heading = f"## {now:%Y-%m-%d %H:%M} UTC: {before}, {arguments.seconds:.0f} s"
    told = ", ".join(f"{event} {number}" for event, number in sorted(logged.items()))
    said = [*outcome.told().splitlines(), f"warnings and errors in the bots' logs: {told or 'none'}"]
    lines = "\n".join(f"- {line}" for line in said)
    print(f"{heading}\n\n{lines}")
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"{heading}\n\n{lines}\n\n")
    sys.exit(os.EX_SOFTWARE if outcome.faults else os.EX_OK)


if __name__ == "__main__":
    asyncio.run(main())
