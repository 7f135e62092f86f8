"""Gives messages their sentence vectors, by the encoder in nlu/encoder/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.examples import learned_from, names_its_topic
from nlu.components.normaliser import FORMS
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.encoder.encoder import TEXT_MOST, Encoder

VECTORS = "vectors"
"""Property of a message: the vectors of its forms, (forms, DIMENSIONS)."""

REMEMBERED = "vector_is_remembered"
"""In a message's metadata: it is a question of the validation, whose vectors may go into the cache."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(GraphComponent):
    """Gives each message its sentence vectors. It learns nothing: the encoder comes trained."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Path of the file that remembers the vectors of training examples and of the validation's
            # questions, from the project's directory: encoding them is most of a first training. None: none.
            "cache": None,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """The component, with the encoder loaded."""
        return cls(Encoder(Path(config["cache"]) if config["cache"] else None))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give each example that a component learns from its vector."""
        others = [
            example
            for example in training_data.training_examples
            if example.get(OTHER_LANGUAGE) or (example.get(FORMS) and names_its_topic(example))
        ]
        examples = [*learned_from(training_data), *others]
        forms = [example.get(FORMS)[0] for example in examples]
        ways = [[form.read, form.beside] if form.beside else [form.read] for form in forms]
        vectors = iter(self._encoder.encode_all([text for both in ways for text in both]))
        for example, both in zip(examples, ways, strict=True):
            example.set(VECTORS, _mean([next(vectors) for _ in both])[np.newaxis])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its vectors."""
        remembered = [text for message in messages if _is_remembered(message) for text in _read(message)]
        vector_of = dict(zip(remembered, self._encoder.encode_all(remembered, "proving"), strict=True))
        for message in messages:
            if beside := message.get(FORMS)[0].beside:
                both = [self._encoder.encode(text) for text in (message.get(FORMS)[0].read, beside)]
                message.set(VECTORS, _mean(both)[np.newaxis])
                continue
            vectors = [
                vector_of[text] if text in vector_of else self._encoder.encode(text)
                for text in _read(message)
            ]
            has_whole = len(vectors) == len(message.get(FORMS))
            message.set(VECTORS, np.stack(vectors if has_whole else [_mean(vectors), *vectors]))
        return messages


def _read(message: Message) -> list[str]:
    """The texts of a message that are encoded: the whole, and its sentences if it has several. A whole that
    would have to be cut is left out: the mean of its sentences then stands for it."""
    whole, *sentences = [form.read for form in message.get(FORMS)]
    return [whole, *sentences] if len(whole) <= TEXT_MOST else sentences or [whole]


def _mean(sentences: list[np.ndarray]) -> np.ndarray:
    total = np.sum(sentences, axis=0)
    return total / np.linalg.norm(total)


def _is_remembered(message: Message) -> bool:
    return bool((message.get("metadata") or {}).get(REMEMBERED))
