"""Which language a message is in, and how sure that is."""

from __future__ import annotations

import pickle
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from nlu.components.features import SideBySide
from nlu.components.forms import fold, words

LANGUAGE = "language"
"""Property of a message: "vi" or "en"."""

LANGUAGE_IS_SURE = "language_is_sure"
"""Property of a message: False where it is too short to tell, or belongs to both languages."""

SURE = 0.8


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class LanguageIdentifier(GraphComponent):
    """Tells Vietnamese from English by letters and words without diacritics, learned from the examples.

    Diacritics are left out on purpose: people leave them out, and English sentences carry Vietnamese
    names with them.
    """

    def __init__(self, storage: ModelStorage, resource: Resource, model: Pipeline | None = None) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LanguageIdentifier:
        """An untrained component."""
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LanguageIdentifier:
        """The trained component."""
        with model_storage.read_from(resource) as directory:
            model = pickle.loads((directory / "language.pickle").read_bytes())
        return cls(model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples whose language is known (see `known_language`)."""
        known = [
            (text, language)
            for example in training_data.training_examples
            if (text := example.get(TEXT)) and (language := known_language(example))
        ]
        if len({language for _, language in known}) == 2:
            letters = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(1, 4), preprocessor=fold, sublinear_tf=True
            )
            whole = TfidfVectorizer(token_pattern=r"\w+", preprocessor=fold, sublinear_tf=True)  # noqa: S106
            # liblinear: the same to three decimals as the usual solver, in a third of the time.
            regression = LogisticRegression(C=30, class_weight="balanced", solver="liblinear")
            self._model = make_pipeline(SideBySide((letters, 1), (whole, 1)), regression)
            self._model.fit([text for text, _ in known], [language for _, language in known])
        with self._storage.write_to(self._resource) as directory:
            (directory / "language.pickle").write_bytes(pickle.dumps(self._model))
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Mark each example with its language."""
        examples = [example for example in training_data.training_examples if example.get(TEXT)]
        unknown = []
        for example in examples:
            if language := known_language(example):
                example.set(LANGUAGE, language)
            else:
                unknown.append(example)
        identified = self._identify([example.get(TEXT) for example in unknown])
        for example, (language, _) in zip(unknown, identified, strict=True):
            example.set(LANGUAGE, language)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark each message with its language and whether that is sure."""
        identified = self._identify([message.get(TEXT) or "" for message in messages])
        for message, (language, is_sure) in zip(messages, identified, strict=True):
            message.set(LANGUAGE, language)
            message.set(LANGUAGE_IS_SURE, is_sure, add_to_output=True)
        return messages

    def _identify(self, texts: list[str]) -> list[tuple[str, bool]]:
        """Each text's language, and whether that is sure."""
        if self._model is None or not texts:
            return [("vi" if has_diacritics(text) else "en", has_diacritics(text)) for text in texts]
        column = list(self._model.classes_).index("vi")
        vietnamese = self._model.predict_proba(texts)[:, column]
        return [
            self._decide(self._model, text, float(share))
            for text, share in zip(texts, vietnamese, strict=True)
        ]

    @staticmethod
    def _decide(model: Pipeline, text: str, vietnamese: float) -> tuple[str, bool]:
        if not words(text):
            return "vi", False
        if has_diacritics(text) and vietnamese > 1 - SURE:
            return "vi", True
        is_long_enough = sum(word.isalpha() for word in words(text)) > 1  # "visa" is a word of both
        is_sure = is_long_enough and _knows(model, text) and max(vietnamese, 1 - vietnamese) >= SURE
        return ("vi" if vietnamese >= 0.5 else "en"), is_sure


def _knows(model: Pipeline, text: str) -> bool:
    """Whether a word of the text stands in the examples: a few strange letters tell no language."""
    _letters, (whole, _) = model[0].vectorizers
    return any(fold(word) in whole.vocabulary_ for word in words(text))


def has_diacritics(text: str) -> bool:
    """Whether a text has letters that Vietnamese has and English has not."""
    return fold(text) != text.casefold()


def known_language(example: Message) -> str | None:
    """An example's language: as the export says, else Vietnamese if it has diacritics, else English
    unless it is so short that it may be either ("ok")."""
    metadata = example.get("metadata") or {}
    stated = (metadata.get("example") or metadata).get("language") if isinstance(metadata, dict) else None
    if stated:
        return str(stated)
    text = example.get(TEXT) or ""
    if has_diacritics(text):
        return "vi"
    return "en" if len(words(text)) > 2 else None
