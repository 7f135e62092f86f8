"""BANKING77 (Casanueva et al., 2020): our components, with our settings, on 77 intents of a bank.

    .venv-rasa/bin/python -m benchmarks.banking77 DIRECTORY [--cache FILE] [--diet EPOCHS]

DIRECTORY holds train.csv and test.csv (text, category) of PolyAI-LDN's repository task-specific-datasets.
Run from the project's directory. The best-ranked intent counts, whether or not it would be answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu import rasa_environment

PROJECT = Path(__file__).resolve().parent.parent

DIET_PIPELINE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
]
"""What `rasa init` writes before the DIETClassifier."""

Example = tuple[str, str]
"""A text and its intent."""


@dataclass(frozen=True)
class Result:
    """How a pipeline did: how many of how many, and its times in seconds."""

    name: str
    right: int
    of: int
    training: float
    each: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--cache", type=Path, help="keeps sentence vectors for the next run; none by default")
    parser.add_argument("--diet", type=int, metavar="EPOCHS", help="Rasa's DIETClassifier, too")
    arguments = parser.parse_args()
    training, test = read(arguments.directory / "train.csv"), read(arguments.directory / "test.csv")
    rasa_environment.redact_log()
    results = [measure("ours", our_pipeline(arguments.cache), training, test)]
    if arguments.diet:
        diet = [*DIET_PIPELINE, {"name": "DIETClassifier", "epochs": arguments.diet}]
        results.append(measure(f"DIET, {arguments.diet} epochs", diet, training, test))
    print(f"\n{'BANKING77':<18}{'accuracy':>10}{'right':>14}{'training':>12}{'a question':>13}")
    for result in results:
        counts = f"{result.right}/{result.of}"
        print(
            f"{result.name:<18}{result.right / result.of:>9.2%} {counts:>14}"
            f"{result.training:>10.0f} s{1000 * result.each:>10.1f} ms"
        )


def read(file: Path) -> list[Example]:
    with file.open(encoding="utf-8", newline="") as rows:
        # Rasa's intents have no signs in their names, as "reverted_card_payment?" has.
        return [(row["text"].strip(), re.sub(r"\W", "", row["category"])) for row in csv.DictReader(rows)]


def our_pipeline(cache: Path | None) -> list[dict[str, Any]]:
    """That of config.yml, with a cache of its own: ours must not fill with a bank's questions."""
    pipeline: list[dict[str, Any]] = yaml.safe_load((PROJECT / "config.yml").read_text("utf-8"))["pipeline"]
    for component in pipeline:
        for table in ("spelling", "languages"):
            if table in component:
                component[table] = str(PROJECT / component[table])
        if "cache" in component:
            component["cache"] = str(cache.resolve()) if cache else None
    return pipeline


def measure(
    name: str, pipeline: list[dict[str, Any]], training: list[Example], test: list[Example]
) -> Result:
    """Train as `rasa train nlu` does, then read the test questions with the trained agent."""
    with _in_new_directory() as directory:
        _write_project(pipeline, training)
        os.environ["RASA_CACHE_DIRECTORY"] = f"{directory}/cache"  # else nothing might be left to train
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        started = time.perf_counter()
        model = train_nlu("config.yml", "nlu.yml", "models")
        seconds = time.perf_counter() - started
        assert model, "the training failed"
        agent = Agent.load(model)
        started = time.perf_counter()
        read = asyncio.run(_best(agent, [text for text, _ in test]))
        each = (time.perf_counter() - started) / len(test)
    right = sum(intent == wanted for intent, (_, wanted) in zip(read, test, strict=True))
    return Result(name, right, len(test), seconds, each)


@contextlib.contextmanager
def _in_new_directory() -> Iterator[str]:
    """A directory to work in that goes afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="banking77-") as directory:
        os.chdir(directory)
        try:
            yield directory
        finally:
            os.chdir(before)


def _write_project(pipeline: list[dict[str, Any]], training: list[Example]) -> None:
    intents: dict[str, list[dict[str, str]]] = {}
    for text, intent in training:
        intents.setdefault(intent, []).append({"text": text})
    nlu = [{"intent": intent, "examples": examples} for intent, examples in intents.items()]
    config = {"recipe": "default.v1", "assistant_id": "banking77", "language": "en", "pipeline": pipeline}
    for name, data in (("config.yml", config), ("nlu.yml", {"version": "3.1", "nlu": nlu})):
        Path(name).write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


async def _best(agent: Any, texts: list[str]) -> list[str]:
    # A text that begins with "/" would be a command to Rasa.
    return [(await agent.parse_message(text.lstrip("/ ")))["intent_ranking"][0]["name"] for text in texts]


if __name__ == "__main__":
    main()
