"""Whether a message asks what became of a ward, a commune or a district, and of which."""

from __future__ import annotations

import pickle
import re
import warnings
from dataclasses import replace
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from nlu.components.classifier import CHOICES_MOST, WARD, entity
from nlu.components.context import NO_ANSWER, UNSURE
from nlu.components.examples import example_label, is_answer_text
from nlu.components.features import SideBySide, TextClassifier
from nlu.components.learning import LearningComponent
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.components.reading import READING, Reading
from nlu.text.forms import fold, words
from nlu.wards.recogniser import Recognition, recognise
from nlu.wards.table import LOOKUP, Names

# The names are looked for in a way of our own, which Rasa cannot know of.
warnings.filterwarnings("ignore", message=".*training data consisting of lookup tables.*")

ASKED, ELSE = "ward", "else"

A_NAME = "zzname"
"""Stands for the names in a question: what is asked about one is asked about any."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class WardReader(LearningComponent):
    """Extracts the units that a message names, and makes its intent `ward` where it asks for them.

    Their names stand in many other questions ("land price in Cái Răng"). So it learns from all questions that
    name a unit, without the names, which of them ask for the unit itself, and weighs that against what the
    classifier read.
    """

    FILE = "wards.pickle"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._lines: list[str] = []
        self._names = Names()
        self._model: TextClassifier | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Probability that a message asks for the units that it names, from which it may, where the
            # classifier read something else and was less sure of it.
            "sure": 0.7,
            # From which it does, where the classifier was sure of nothing.
            "likely": 0.6,
            # How closely the regression keeps to the examples: scikit-learn's C. Of 2,020 questions with a
            # name, left out by thirds, 84.5 % of those for the unit and 97.8 % of the others are told; at 2
            # 85.7 and 97.1 %, at 200 84.5 and 97.9 %.
            "regression_c": 20,
        }

    def learned(self) -> bytes:
        """The lines of the lookup table, and the model."""
        return pickle.dumps((self._lines, self._model))

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        self._lines, self._model = pickle.loads(learned)
        self._names = Names.of(self._lines)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the names from the lookup table, and how people ask for one from questions with a name."""
        tables = (table for table in training_data.lookup_tables if table["name"] == LOOKUP)
        self._lines = [line for table in tables for line in table["elements"]]
        self._names = Names.of(self._lines)
        own = {WARD, f"faq/{self._names.answer}"}
        texts, labels = [], []
        for example in training_data.intent_examples if self._lines else ():
            text = example.get(TEXT) or ""
            if is_answer_text(example) or (named := recognise(text, self._names)).is_empty:
                continue
            texts.append(_without_names(text, named))
            labels.append(ASKED if example_label(example) in own else ELSE)
        if len(set(labels)) > 1:
            letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
            several = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 3), sublinear_tf=True)  # noqa: S106
            regression = LogisticRegression(
                C=self._config["regression_c"], class_weight="balanced", max_iter=500
            )
            self._model = TextClassifier(SideBySide((letters, 1), (several, 1)), regression)
            self._model.fit(texts, labels)
        return self.persist()

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            named = recognise(text, self._names) if self._lines else Recognition()
            if not named.is_empty:
                self._read(message, text, named)
            elif _intent(message) == WARD or self._is_general(message):
                self._set_general(message)
        return messages

    def _read(self, message: Message, text: str, named: Recognition) -> None:
        is_asked = self._is_asked(message, text, named)
        if _intent(message) == WARD and not is_asked:
            self._set_else(message)
        reading = replace(
            Reading(**message.get(READING)),
            wards=list(named.ids),
            is_unknown_ward=named.is_unknown,
            address=list(named.place) if named.place else None,
            names_only_wards=named.is_bare,
        )
        if is_asked:
            reading = replace(reading, also=[], choices=[])
            self._set(message, WARD, self._names.answer)
        message.set(READING, reading.as_json(), add_to_output=True)

    def _is_asked(self, message: Message, text: str, named: Recognition) -> bool:
        """Whether the message is about the units that it names, not about something there."""
        intent, answer = _intent(message), _entity(message, "answer")
        if message.get(OTHER_LANGUAGE):  # what its words ask is not learned
            return intent == WARD or answer == self._names.answer
        if named.is_bare and named.is_typed:
            return True
        asked = self._probability(_without_names(text, named))
        confidence = float(message.get(INTENT, {}).get("confidence", 0))
        if intent == WARD or (intent == "faq" and answer == self._names.answer):
            return asked + confidence >= 1
        if intent in {UNSURE, NO_ANSWER}:
            return named.is_bare or asked >= self._config["likely"]
        return intent in {"faq", "followup"} and asked >= max(confidence, self._config["sure"])

    def _probability(self, text: str) -> float:
        if self._model is None:
            return 1.0
        return float(self._model.probabilities(text)[list(self._model.labels).index(ASKED)])

    def _is_general(self, message: Message) -> bool:
        """Whether a message without a unit asks for wards all the same: two labels share what it scores."""
        scores = {label["name"]: label["confidence"] for label in message.get(INTENT_RANKING_KEY, [])}
        general = scores.pop(f"faq/{self._names.answer}", 0)
        own = general and general + scores.pop(WARD, 0)
        return _intent(message) == "faq" and own > max(scores.values(), default=0)

    def _set_general(self, message: Message) -> None:
        """Who asks about a ward and names none gets the answer on wards in general."""
        if self._names.answer:
            self._set(message, "faq", self._names.answer)
        else:
            self._set(message, NO_ANSWER, None)

    def _set_else(self, message: Message) -> None:
        """What the message may ask for instead."""
        ranked = [label["name"].partition("/") for label in message.get(INTENT_RANKING_KEY, [])]
        choices = [detail for base, _, detail in ranked if base == "faq"][:CHOICES_MOST]
        reading = replace(Reading(**message.get(READING)), choices=choices)
        message.set(READING, reading.as_json(), add_to_output=True)
        self._set(message, UNSURE if choices else NO_ANSWER, None)

    def _set(self, message: Message, intent: str, answer: str | None) -> None:
        message.set(INTENT, {**message.get(INTENT), "name": intent}, add_to_output=True)
        entities = [one for one in message.get(ENTITIES, []) if one["entity"] not in {"answer", "facet"}]
        entities += [entity("answer", answer)] if answer else []
        message.set(ENTITIES, entities, add_to_output=True)


def _intent(message: Message) -> str | None:
    return message.get(INTENT, {}).get("name")  # type: ignore[no-any-return]


def _entity(message: Message, name: str) -> str | None:
    return next((one["value"] for one in message.get(ENTITIES, []) if one["entity"] == name), None)


def _without_names(text: str, named: Recognition) -> str:
    """The text as it is learned from: without diacritics, with one word in place of neighbouring names."""
    parts, at = [], 0
    for start, end in named.spans:
        parts.append(text[at:start])
        at = end
    masked = f" {A_NAME} ".join([*parts, text[at:]])
    folded = fold(" ".join(words(masked)))
    return re.sub(rf"{A_NAME}( {A_NAME})+", A_NAME, folded)
