"""What was tried for understanding, one against the other: our components, each time changed in one thing.

    .venv-rasa/bin/python -m benchmarks.variants [--cache FILE]

Run from the project's directory, after `make evaluate`, which writes the answers' examples to build/rasa.
The components are trained and asked in this process, with the questions of tests/nlu/; an answer counts as
`make evaluate` counts it. Training is told in seconds of one processor, without the sentence vectors.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu import quiet

quiet.keep_private()

import numpy as np  # noqa: E402 the libraries take what quiet sets when they are imported
from rasa.engine.graph import ExecutionContext, GraphSchema  # noqa: E402
from rasa.engine.storage.local_model_storage import LocalModelStorage  # noqa: E402
from rasa.engine.storage.resource import Resource  # noqa: E402
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT  # noqa: E402
from rasa.shared.nlu.training_data.loading import load_data  # noqa: E402
from rasa.shared.nlu.training_data.message import Message  # noqa: E402
from rasa.shared.nlu.training_data.training_data import TrainingData  # noqa: E402

from nlu.components import classifier, encoder, examples, kernel_machine, normaliser  # noqa: E402
from nlu.components.forms import TypoCorrector  # noqa: E402
from nlu.components.language import LanguageIdentifier  # noqa: E402
from nlu.components.reading import READING  # noqa: E402

NO_DATA = ("spelling.yml", "must_pass.yml")
CONTEXT = ExecutionContext(GraphSchema({}))


@dataclass(frozen=True)
class Variant:
    """A thing that is changed: `value` for the name in the module or class `where`."""

    name: str
    where: Any = None
    attribute: str = ""
    value: Any = None


def _no_change(self: TypoCorrector, text: str) -> str:
    return text


VARIANTS = (
    Variant("as it is"),
    Variant("letters only beside the vector", kernel_machine, "WORDS", 0.0),
    Variant("words only beside the vector", kernel_machine, "LETTERS", 1e-6),
    Variant("vector counts twice as narrow", kernel_machine, "WIDTH", 6.0),
    Variant("linear in the vector, nearly", kernel_machine, "WIDTH", 1.0),
    Variant("ridge 0.2", kernel_machine, "RIDGE", 0.2),
    Variant("ridge 0.8", kernel_machine, "RIDGE", 0.8),
    Variant("sentences of the answers, too", examples, "QUESTIONS_ENOUGH", 10**6),
    Variant("typos left as they are", TypoCorrector, "correct", _no_change),
    Variant("talk from probability 0.45", classifier, "TALK", 0.45),
    Variant("fewer out of scope expected: 0.1", classifier, "OUT_OF_SCOPE_SHARE", 0.1),
    Variant("more out of scope expected: 0.3", classifier, "OUT_OF_SCOPE_SHARE", 0.3),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path("build/variants.sqlite3"))
    cache: Path = parser.parse_args().cache
    questions = [
        question
        for file in sorted(Path("tests/nlu").glob("*.yml"))
        for question in yaml.safe_load(file.read_text("utf-8"))
    ]
    columns = ("first", "keyword", "among", "declined", "talk", "training")
    print(f"{'':<36}" + "".join(f"{column:>10}" for column in columns), flush=True)
    for variant in VARIANTS:
        with _changed(variant):
            print(f"{variant.name:<36}" + _measured(questions, cache), flush=True)


@contextmanager
def _changed(variant: Variant) -> Iterator[None]:
    if variant.where is None:
        yield
        return
    before = getattr(variant.where, variant.attribute)
    setattr(variant.where, variant.attribute, variant.value)
    try:
        yield
    finally:
        setattr(variant.where, variant.attribute, before)


def _measured(questions: list[dict[str, Any]], cache: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="variants-") as directory:
        storage = LocalModelStorage.create(Path(directory))
        data = TrainingData()
        for source in ("build/rasa", "nlu"):
            for file in sorted(Path(source).glob("*.yml")):
                if file.name not in NO_DATA:
                    data = data.merge(load_data(str(file)))
        language = LanguageIdentifier.create({}, storage, Resource("language"), CONTEXT)
        forms = normaliser.TextNormaliser.create(
            {"spelling": "nlu/spelling.yml"}, storage, Resource("forms"), CONTEXT
        )
        vectors = encoder.SentenceEncoder.create({"cache": str(cache)}, storage, Resource("vectors"), CONTEXT)
        answers = classifier.AnswerClassifier.create({}, storage, Resource("answers"), CONTEXT)
        started = time.process_time()
        for component in (language, forms):
            component.train(data)
            data = component.process_training_data(data)
        before_vectors = time.process_time()
        data = vectors.process_training_data(data)
        after_vectors = time.process_time()
        answers.train(data)
        seconds = time.process_time() - after_vectors + before_vectors - started
        remembered = {"metadata": {encoder.REMEMBERED: True}}
        messages = [Message({TEXT: question["q"], **remembered}) for question in questions]
        for component in (language, forms, vectors, answers):
            component.process(messages)
    asked = list(zip(questions, messages, strict=True))

    def share(of: Callable[[dict[str, Any]], bool], right: Callable[[dict[str, Any], Message], bool]) -> str:
        judged = [right(question, message) for question, message in asked if of(question)]
        return f"{100 * np.mean(judged):9.1f}%"

    inside = share(_has_answer, _is_first)
    keyword = share(lambda question: _has_answer(question) and question["style"] == "keyword", _is_first)
    among = share(_has_answer, _is_among)
    declined = share(
        lambda question: not _has_answer(question) and "action" not in question,
        lambda question, message: not _given(message),
    )
    talk = share(
        lambda question: "action" in question,
        lambda question, message: bool(message.get(INTENT)["name"] == question["action"]),
    )
    return inside + keyword + among + declined + talk + f"{seconds:9.1f}s"


def _has_answer(question: dict[str, Any]) -> bool:
    return bool(question.get("id"))


def _given(message: Message) -> list[str]:
    if message.get(INTENT)["name"] not in {"faq", "faq_facet"}:
        return []
    first = [entity["value"] for entity in message.get(ENTITIES) if entity["entity"] == "answer"]
    return [*first, *message.get(READING)["also"]]


def _is_first(question: dict[str, Any], message: Message) -> bool:
    return bool(_right(question) & set(_given(message)[:1]))


def _is_among(question: dict[str, Any], message: Message) -> bool:
    return bool(_right(question) & {*_given(message), *message.get(READING)["choices"]})


def _right(question: dict[str, Any]) -> set[str]:
    return {question["id"], *question.get("also", [])}


if __name__ == "__main__":
    main()
