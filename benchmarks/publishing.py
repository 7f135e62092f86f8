"""From saving a new clarification to its first right answer: here, and with Rasa's usual pipeline.

    .venv/bin/python -m benchmarks.publishing                  here, under 10 messages a second
    .venv/bin/python -m benchmarks.publishing --usual 100      and with the usual pipeline in full
    .venv/bin/python -m benchmarks.publishing --usual 4        and with 4 of 100 epochs: extrapolated

In the background, for the full run takes most of an hour:

    nohup nice .venv/bin/python -m benchmarks.publishing --usual 100 > build/publishing.log 2>&1 &

The usual pipeline is what `rasa init` writes, with a ResponseSelector: DIET, ResponseSelector, TED and
UnexpecTED, 100 epochs each, on the same training data. Run from the project's directory, after `make
run`, with nothing else on the machine. Each run adds its table to benchmarks/results/publishing.md.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import platform
import random
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.project import PROJECT, copy_to, questions, running_bot
from bot.content.loading import load
from bot.domain.language import Language
from bot.rasa.training_set import training_files
from stand_ins.serving import free_port

RESULTS = PROJECT / "benchmarks" / "results" / "publishing.md"

NEW = "clarification.motorbike-ban"
CLARIFICATION = PROJECT / "tests" / "end_to_end" / "clarification.yml"
ASKED = {
    "vi": "sang nam con duoc chay xe gan may o ninh kieu khong",
    "en": "will they stop people from riding scooters in the city?",
}
"""In words that the file does not have."""

CONTENT = load(PROJECT / "content").library
TROUBLE = {CONTENT.messages.phrases.trouble[language] for language in Language}

EPOCHS = 100
BEFORE, AFTER = 20, 20
"""Seconds of that load before the file is saved, and after the answer is right."""

LIVE_SECONDS = 900

USUAL: dict[str, Any] = {
    "recipe": "default.v1",
    "assistant_id": "usual",
    "language": "vi",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": EPOCHS, "constrain_similarities": True},
        {"name": "EntitySynonymMapper"},
        {
            "name": "ResponseSelector",
            "retrieval_intent": "faq",
            "epochs": EPOCHS,
            "constrain_similarities": True,
        },
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [
        {"name": "MemoizationPolicy"},
        # The stories say the same as the rules, which the check takes for a contradiction.
        {"name": "RulePolicy", "restrict_rules": False, "check_for_contradictions": False},
        {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": EPOCHS},
        {"name": "TEDPolicy", "max_history": 5, "epochs": EPOCHS, "constrain_similarities": True},
    ],
}


@dataclass
class Load:
    """What became of the steady load: seconds of each reply by when it was asked; and the lost ones."""

    replies: list[tuple[float, float]] = field(default_factory=list)
    lost: int = 0

    def between(self, start: float, end: float) -> list[float]:
        """The seconds of those asked between two moments of time.monotonic()."""
        return [seconds for asked, seconds in self.replies if start <= asked < end]


@dataclass
class Here:
    """rate: messages a second; seconds: from saving to the first right answer, by language."""

    rate: float
    seconds: dict[str, float]
    before: list[float]
    during: list[float]
    lost: int


@dataclass
class Usual:
    """Seconds of the usual pipeline; `training` is extrapolated unless epochs is EPOCHS.

    right, declined: shares of the questions in tests/nlu/ that have an answer, and that have none."""

    epochs: int
    training: float
    loading: float
    right: float
    declined: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--usual", type=int, metavar="EPOCHS", help="the usual pipeline, too; at least 2")
    parser.add_argument("--rate", type=float, default=10, help="messages a second, all the time")
    parser.add_argument("--only-usual", action="store_true", help="nothing but that")
    arguments = parser.parse_args()
    busy = os.getloadavg()[0]
    here = None if arguments.only_usual else asyncio.run(measure_here(arguments.rate))
    usual = measure_usual(arguments.usual) if arguments.usual else None
    table = report(here, usual, busy)
    print(table, flush=True)
    with RESULTS.open("a", encoding="utf-8") as results:
        results.write(f"{table}\n")


def say(line: str) -> None:
    print(f"{datetime.datetime.now():%H:%M:%S} {line}", file=sys.stderr, flush=True)


async def measure_here(rate: float) -> Here:
    """The service as it runs, in a copy of the project."""
    with tempfile.TemporaryDirectory(prefix="publishing-") as name:
        project = Path(name)
        copy_to(project)
        settings = {"RASA_PORT": str(free_port()), "WEB_RATE_LIMIT": "0"}
        # What waits for an answer must not keep the next question from being asked.
        limits = httpx.Limits(max_connections=None)
        say("starting the bot; the first time, its model is trained")
        async with (
            running_bot(project, settings, sys.stderr.buffer) as (_, url),
            httpx.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False) as http,
        ):
            await until_current(http)
            file = project / "content" / "clarification" / "motorbike-ban.yml"
            return await measure_change(http, file, rate)


async def measure_change(http: httpx.AsyncClient, file: Path, rate: float) -> Here:
    load_, stopping = Load(), asyncio.Event()
    loading = asyncio.create_task(keep_asking(http, load_, rate, stopping))
    say(f"{rate:g} messages a second for {BEFORE} s")
    started = time.monotonic()
    await asyncio.sleep(BEFORE)
    saved = time.monotonic()
    shutil.copy(CLARIFICATION, file)
    say("the new clarification is saved")
    probes = [asyncio.create_task(first_right(http, text, saved)) for text in ASKED.values()]
    seconds = dict(zip(ASKED, await asyncio.gather(*probes), strict=True))
    live = time.monotonic()
    say(f"answered after {max(seconds.values()):.1f} s")
    await asyncio.sleep(AFTER)
    stopping.set()
    await loading
    return Here(rate, seconds, load_.between(started, saved), load_.between(saved, live + AFTER), load_.lost)


async def until_current(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(LIVE_SECONDS):
        while True:
            report = (await http.get("/api/content")).json()
            if report["model"] and report["model"]["is_current"] and not report["training"]:
                return
            await asyncio.sleep(0.2)


async def first_right(http: httpx.AsyncClient, text: str, saved: float) -> float:
    """Ask until it is answered rightly; the seconds since the file was saved."""
    async with asyncio.timeout(LIVE_SECONDS):
        while True:
            card = await ask(http, text)
            if card and card["id"] == NEW:
                return time.monotonic() - saved
            await asyncio.sleep(0.25)


async def keep_asking(http: httpx.AsyncClient, load_: Load, rate: float, stopping: asyncio.Event) -> None:
    """Ask at this rate, whether or not the ones before are answered."""
    texts = [case["q"] for case in questions()]
    randomly = random.Random(8)  # noqa: S311 the same questions at each run

    async def one() -> None:
        asked = time.monotonic()
        if await ask(http, randomly.choice(texts)):
            load_.replies.append((asked, time.monotonic() - asked))
        else:
            load_.lost += 1

    async with asyncio.TaskGroup() as group:
        due = time.monotonic()
        while not stopping.is_set():
            group.create_task(one())
            due += 1 / rate
            await asyncio.sleep(max(0, due - time.monotonic()))


async def ask(http: httpx.AsyncClient, text: str) -> dict[str, Any] | None:
    """The first card of the reply; None if there was no reply, or one that says that there is trouble."""
    message = {"conversation": secrets.token_hex(16), "text": text}
    try:
        answer = await http.post("/api/messages", json=message)
        answer.raise_for_status()
    except httpx.HTTPError:
        return None
    card: dict[str, Any] = answer.json()["replies"][0]
    return None if card["text"] in TROUBLE else card


def measure_usual(epochs: int) -> Usual:
    """Train and load with the usual pipeline, on what content/ teaches with the new clarification in it."""
    with tempfile.TemporaryDirectory(prefix="usual-") as name:
        directory = Path(name)
        copy_to(directory)
        shutil.copy(CLARIFICATION, directory / "content" / "clarification" / "motorbike-ban.yml")
        export = directory / "build" / "rasa"
        export.mkdir(parents=True)
        for file, text in training_files(load(directory / "content").library).items():
            (export / file).write_text(text, encoding="utf-8")
        (directory / "stories" / "usual.yml").write_text(usual_stories(directory), encoding="utf-8")
        if epochs >= EPOCHS:
            training = train_usual(directory, EPOCHS)
        else:
            few, more = train_usual(directory, epochs // 2), train_usual(directory, epochs)
            each = (more - few) / (epochs - epochs // 2)
            training = more + (EPOCHS - epochs) * each
        return Usual(epochs, training, *load_usual(directory))


def usual_stories(directory: Path) -> str:
    """Our rules as stories, since TED learns from nothing else."""
    stories = []
    for file in sorted((directory / "stories").glob("*.yml")):
        for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]:
            steps = rule["steps"] if "intent" in rule["steps"][0] else [{"intent": "help"}, *rule["steps"]]
            if "condition" not in rule:
                stories.append({"story": rule["rule"], "steps": steps})
    return yaml.safe_dump({"version": "3.1", "stories": stories}, allow_unicode=True)


def train_usual(directory: Path, epochs: int) -> float:
    """The seconds of `rasa train`."""
    say(f"training the usual pipeline, {epochs} epochs each")
    config = {**USUAL, **{part: [with_epochs(entry, epochs) for entry in USUAL[part]] for part in PARTS}}
    (directory / "usual.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    started = time.monotonic()
    command = [
        ".venv-rasa/bin/rasa", "train", "--config", "usual.yml", "--domain", "domain.yml",
        "--data", "build/rasa", "nlu", "stories", "--out", "usual", "--fixed-model-name", "usual",
        "--force", "--skip-validation",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=directory, env=environment(), stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"rasa train ended with {done.returncode}")
    seconds = time.monotonic() - started
    say(f"trained in {seconds:.0f} s")
    return seconds


PARTS = ("pipeline", "policies")


def with_epochs(entry: dict[str, Any], epochs: int) -> dict[str, Any]:
    return {**entry, "epochs": epochs} if "epochs" in entry else entry


def load_usual(directory: Path) -> tuple[float, float, float]:
    """The seconds from starting `rasa run` to its first answer, as at a restart; then as `ask_usual`."""
    port = free_port()
    command = [
        ".venv-rasa/bin/rasa", "run", "--enable-api", "--model", "usual/usual.tar.gz",
        "--interface", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    started = time.monotonic()
    log = (directory / "run.log").open("wb")
    process = subprocess.Popen(command, cwd=directory, env=environment(), stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
            while process.poll() is None:
                try:
                    answer = http.post("/model/parse", json={"text": ASKED["vi"]})
                    if answer.status_code == 200:
                        loading = time.monotonic() - started
                        say(f"answers after {loading:.0f} s; asking the questions of tests/nlu")
                        return loading, *ask_usual(http)
                except httpx.TransportError:
                    pass
                time.sleep(0.2)
        sys.exit("rasa run ended:\n" + (directory / "run.log").read_text(errors="replace")[-2000:])
    finally:
        process.terminate()
        process.wait()


def ask_usual(http: httpx.Client) -> tuple[float, float]:
    """The shares of questions answered rightly, and of those without an answer that got none."""
    right, declined = [], []
    for case in questions():
        parsed = http.post("/model/parse", json={"text": case["q"]}).raise_for_status().json()
        answer = None
        if parsed["intent"]["name"] == "faq":
            key = parsed["response_selector"]["faq"]["response"]["intent_response_key"]
            answer = key.removeprefix("faq/")
        if "id" in case:
            right.append(answer in {case["id"], *case.get("also", [])})
        elif "action" not in case:
            declined.append(answer is None)
    return statistics.mean(right), statistics.mean(declined)


def environment() -> dict[str, str]:
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    return {**os.environ, **quiet}


def report(here: Here | None, usual: Usual | None, busy: float) -> str:
    """The tables, in Markdown. busy: the load before; others' work makes the times longer."""
    now = datetime.datetime.now(datetime.UTC)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        f"## {now:%Y-%m-%d %H:%M} UTC: from saving a new clarification to its first right answer",
        "",
        f"{os.cpu_count()} cores of {platform.machine()}, load before {busy:.1f}, commit {commit}, "
        f"{len(CONTENT.answers)} answers and the new one.",
        "",
        "| | seconds | of which |",
        "|---|---|---|",
    ]
    slowest = max(here.seconds.values()) if here else None
    if here:
        each = ", ".join(f"{language} {seconds:.1f}" for language, seconds in here.seconds.items())
        lines.append(f"| here, under {here.rate:g} messages a second | {slowest:.1f} | asked in {each} |")
    if usual:
        total = usual.training + usual.loading
        how = "" if usual.epochs >= EPOCHS else f", **extrapolated** from {usual.epochs} of {EPOCHS} epochs"
        lines.append(
            f"| usual pipeline, asked nothing meanwhile{how} | {total:.0f} | "
            f"training {usual.training:.0f}, restart {usual.loading:.0f}; "
            f"of tests/nlu {usual.right:.1%} answered rightly, {usual.declined:.1%} rightly declined |"
        )
        if slowest:
            lines += ["", f"{total / slowest:.0f} times as fast."]
    if here:
        lines += [
            "",
            f"Replies under {here.rate:g} messages a second, in seconds (lost: {here.lost}):",
            "",
            "| | replies | median | 95 % | slowest | over 1 s |",
            "|---|---|---|---|---|---|",
            row("before the change", here.before),
            row("during and after it", here.during),
        ]
    return "\n".join(lines) + "\n"


def row(name: str, seconds: list[float]) -> str:
    median, most = statistics.median(seconds), max(seconds)
    late = sorted(seconds)[int(0.95 * len(seconds))]
    slow = sum(one > 1 for one in seconds)
    return f"| {name} | {len(seconds)} | {median:.2f} | {late:.2f} | {most:.2f} | {slow} |"


if __name__ == "__main__":
    main()
