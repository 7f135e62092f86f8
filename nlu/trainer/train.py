"""Makes a model and puts the questions of its validation to it.

`python -m nlu.trainer.train` does so by hand, for what is in the directory now.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nlu import rasa_environment

rasa_environment.redact_log()

import rasa.engine.validation
from rasa.core.channels.channel import UserMessage
from rasa.engine.constants import PLACEHOLDER_IMPORTER, PLACEHOLDER_MESSAGE
from rasa.engine.graph import ExecutionContext, GraphModelConfiguration
from rasa.engine.recipes.recipe import Recipe
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import MODEL_ARCHIVE_COMPONENTS_DIR, LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata, ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.data import TrainingType
from rasa.shared.nlu.constants import INTENT_RESPONSE_KEY
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import models, paths, progress
from nlu.components.encoder import REMEMBERED
from nlu.components.rest_channel import how_it_is_read
from nlu.trainer.fingerprint import fingerprint
from nlu.trainer.importer import Importer
from nlu.trainer.taught import exported
from nlu.trainer.validation import (
    Prediction,
    Validation,
    ValidationQuestion,
    counted,
    judge,
    read_questions,
)

NICENESS = 10
"""Training gives way to answering."""


def run(told: Connection, name: str) -> None:
    """What a training's process does: make the model, and send Progress and then the Validation, or instead
    of that a sentence on what is wrong."""
    os.nice(NICENESS)
    progress.listen(told.send)
    try:
        told.send(make(name))
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__:  # Rasa only says in which of its components something went wrong
            cause = cause.__cause__
        told.send(f"{type(cause).__name__}: {cause}")


def make(name: str) -> Validation:
    """Train the model of what is in the directory now, as what Rasa's own `train` would make of it.

    Raises:
        QuestionsError: the questions of the validation cannot be used.
        Exception: whatever Rasa finds wrong in its files.
    """
    progress.tell("reading", 0)
    questions = read_questions(paths.MUST_PASS, paths.EVALUATION)
    importer = Importer()
    configuration = _configuration(importer)
    with tempfile.TemporaryDirectory() as directory:
        storage = _Storage(Path(directory))
        trainer = DaskGraphRunner.create(
            configuration.train_schema, storage, ExecutionContext(configuration.train_schema)
        )
        trainer.run(inputs={PLACEHOLDER_IMPORTER: importer})
        answers = _published(importer.get_nlu_data())
        validation = Validation(ask(configuration, storage, counted(questions, answers)), answers)
        half = models.file_of(f"{name}.part")
        half.parent.mkdir(exist_ok=True)
        storage.create_model_package(half, configuration, importer.get_domain())
        half.replace(models.file_of(name))
    return validation


class _Storage(LocalModelStorage):  # type: ignore[misc]
    """Packs a model without compressing it: it stays on this machine, and is mostly numbers."""

    def create_model_package(
        self, model_archive_path: str | Path, model_configuration: GraphModelConfiguration, domain: Domain
    ) -> ModelMetadata:
        """Write the archive as Rasa does, in the form that it reads."""
        metadata = self._create_model_metadata(domain, model_configuration)
        with tempfile.TemporaryDirectory() as directory:
            self._persist_metadata(metadata, Path(directory))
            with tarfile.open(model_archive_path, "w:gz", compresslevel=0) as archive:
                archive.add(directory, arcname="")
                archive.add(self._storage_path, arcname=MODEL_ARCHIVE_COMPONENTS_DIR)
        return metadata


def _configuration(importer: Importer) -> GraphModelConfiguration:
    config = importer.get_config()
    recipe = Recipe.recipe_for_name(config.get("recipe"))
    config, _, _ = recipe.auto_configure(
        importer.get_config_file_for_auto_config(), config, TrainingType.BOTH
    )
    configuration = recipe.graph_config_for_recipe(config, {}, training_type=TrainingType.BOTH)
    rasa.engine.validation.validate(configuration)
    return configuration


def _published(data: TrainingData) -> frozenset[str]:
    labels = (example.get(INTENT_RESPONSE_KEY) or "" for example in data.intent_examples)
    return frozenset(label.partition("/")[2] for label in labels if label.startswith("faq/"))


def ask(
    configuration: GraphModelConfiguration, storage: ModelStorage, questions: Sequence[ValidationQuestion]
) -> list[Prediction]:
    """What a model makes of each question."""
    progress.tell("proving", 0)
    runner = DaskGraphRunner.create(
        configuration.predict_schema, storage, ExecutionContext(configuration.predict_schema)
    )
    messages = [UserMessage(question.text, metadata={REMEMBERED: True}) for question in questions]
    target = configuration.nlu_target
    parsed = runner.run(inputs={PLACEHOLDER_MESSAGE: messages}, targets=[target])[target]
    return [
        _prediction(question, how_it_is_read(message.as_dict(only_output_properties=True)))
        for question, message in zip(questions, parsed, strict=True)
    ]


def _prediction(question: ValidationQuestion, read: dict[str, Any]) -> Prediction:
    labels = [label.partition("/") for label, _ in read["ranking"]]
    ranked = [detail for base, _, detail in labels if base == "faq"]
    is_answered = read["intent"] in {"faq", "faq_facet", "ward"}
    return Prediction(
        question=question,
        intent=read["intent"],
        answer=read["answers"][0] if is_answered and read["answers"] else None,
        competing=tuple(dict.fromkeys([*read["answers"], *ranked])),
    )


def main() -> None:
    """Train, and say how good the model is."""
    os.nice(NICENESS)
    started = time.monotonic()
    name = fingerprint(exported())
    validation = make(name)
    verdict = judge(validation.predictions, None)
    models.keep(name, validation.right, verdict, validation.answers)
    for broken in verdict.broken:
        print(f"must pass: {broken.question!r} is for {broken.expected}, got {broken.got}")
    print(f"model {name}: {verdict.accuracy:.1%} right, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
