"""Which side of the answer a question asks for in the same breath: "ticket price of the museum"."""

from __future__ import annotations

import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from nlu.components.classifier import entity
from nlu.components.examples import example_label, example_metadata, is_answer_text
from nlu.components.features import SideBySide, TextClassifier
from nlu.components.learning import LearningComponent
from nlu.components.normaliser import FORMS
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.components.reading import READING

EVERY_ANSWER_HAS = "source"
_AND = re.compile(r"\b(?:and|và)\b")


@dataclass
class Vocabulary:
    """In what share of the questions each word stands: of those for the side where that is most, and of
    those for each answer."""

    sides: dict[str, float] = field(default_factory=dict)
    answers: dict[str, dict[str, float]] = field(default_factory=dict)

    def without_topic(self, text: str, answer: str) -> str:
        """What remains of a question without the words of its topic: "ticket price of"."""
        topic = self.answers.get(answer, {})
        return " ".join(
            word for word in text.split() if word in self.sides and topic.get(word, 0) <= self.sides[word]
        )


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FacetReader(LearningComponent):
    """Makes a `faq` a `faq_facet`, with the entity `facet`, where the question asks for one side that the
    answer has. It learns from the follow-up questions, which name no topic; so the topic's words are
    taken out of a question before it is read.
    """

    FILE = "facets.pickle"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._vocabulary = Vocabulary()
        self._sides: frozenset[tuple[str, str]] = frozenset()
        self._model: TextClassifier | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Probability from which the side is shown in place of the whole answer, which has the side, too.
            # Of 36 independent questions for a side the likeliest one was wrong three times, each below 0.6.
            "sure": 0.7,
            # Longer questions tell more than their side, or ask for two: how many words a question may have,
            # and how much surer each further one has to be.
            "words_most": 12,
            "sure_more": 0.05,
            # The same for the side that every answer has, its source: who asks whether a rumour is true wants
            # the answer.
            "sure_of_source": 0.95,
            # What stands in the questions of every topic and has the words of sides in it: "Cần Thơ" tells
            # of no need ("cần").
            "names": [],
            # In what share of a topic's questions a word stands that names the topic: "what does a visa
            # cost".
            "named_least": 0.3,
            # Probability from which a side is told to what weighs a message with what was said before.
            "likely_least": 0.05,
        }

    def learned(self) -> bytes:
        """The words of sides and topics, which answer has which side, and the classifier of sides."""
        return pickle.dumps((self._vocabulary, self._sides, self._model))

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        self._vocabulary, self._sides, self._model = pickle.loads(learned)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the sides from the follow-up questions, and each topic's words from its questions."""
        asked_on: dict[str, list[str]] = defaultdict(list)
        asked: dict[str, list[str]] = defaultdict(list)
        sides: set[tuple[str, str]] = set()
        for example in training_data.intent_examples:
            if not example.get(FORMS):
                continue
            intent, _, detail = example_label(example).partition("/")
            if facet := example_metadata(example).get("facet"):
                sides.add((detail, facet))
            if intent == "followup":
                asked_on[detail].append(example.get(FORMS)[0].read)
            elif intent == "faq" and not is_answer_text(example):
                asked[detail].append(example.get(FORMS)[0].read)
        self._sides = frozenset(sides)
        self._vocabulary = _vocabulary(asked_on, asked)
        if len(asked_on) > 1:
            letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
            several = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 3), sublinear_tf=True)  # noqa: S106
            regression = LogisticRegression(C=20, class_weight="balanced", max_iter=500)
            self._model = TextClassifier(SideBySide((letters, 1), (several, 1)), regression)
            pairs = [(text, facet) for facet, texts in asked_on.items() for text in texts]
            self._model.fit([text for text, _ in pairs], [facet for _, facet in pairs])
        return self.persist()

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages that ask for one side of their answer."""
        for message in messages:
            if message.get(OTHER_LANGUAGE):
                continue  # sides are read by their words
            message.set(READING, {**message.get(READING), "sides": self._sides_of(message)}, add_to_output=True)
            named = {entity["entity"]: entity["value"] for entity in message.get(ENTITIES, [])}
            if message.get(INTENT, {}).get("name") == "followup" and (answer := self._named(message)):
                self._set(message, answer=answer)
                continue
            is_one_answer = message.get(INTENT, {}).get("name") == "faq" and not message.get(READING)["also"]
            if message.get(TEXT) and is_one_answer and (facet := self._facet(message, named["answer"])):
                self._set(message, facet=facet)
        return messages

    def _set(self, message: Message, **named: str) -> None:
        message.set(INTENT, {**message.get(INTENT), "name": "faq_facet"}, add_to_output=True)
        entities = [*message.get(ENTITIES), *(entity(name, value) for name, value in named.items())]
        message.set(ENTITIES, entities, add_to_output=True)

    def _named(self, message: Message) -> str | None:
        """The topic that a follow-up question names after all, with a word that no follow-up has."""
        ranked = (label["name"].partition("/") for label in message.get(INTENT_RANKING_KEY, []))
        answer = next((detail for intent, _, detail in ranked if intent == "faq"), "")
        topic = self._vocabulary.answers.get(answer, {})
        text = message.get(FORMS)[0].read.split()
        least = self._config["named_least"]
        is_named = any(word not in self._vocabulary.sides and topic.get(word, 0) >= least for word in text)
        return answer if is_named else None

    def _facet(self, message: Message, answer: str) -> str | None:
        """The side that is asked for, if that is sure and the answer has it."""
        text = message.get(FORMS)[0].read
        more = max(0, len(text.split()) - self._config["words_most"])
        facet, probability = self._likeliest(text, answer)
        is_there = facet == EVERY_ANSWER_HAS or (answer, facet) in self._sides
        sure = self._config["sure_of_source" if facet == EVERY_ANSWER_HAS else "sure"]
        is_sure = probability >= sure + more * self._config["sure_more"]
        return facet if is_there and is_sure and not self._asks_for_two(text, answer) else None

    def _likeliest(self, text: str, answer: str) -> tuple[str | None, float]:
        """The side that a text asks for most likely, and how likely that is."""
        for name in self._config["names"]:
            text = text.replace(name, " ")
        asked = self._vocabulary.without_topic(text, answer)
        if self._model is None or not asked:
            return None, 0.0
        probabilities = self._model.probabilities(asked)
        return str(self._model.labels[probabilities.argmax()]), float(probabilities.max())

    def _sides_of(self, message: Message) -> dict[str, float]:
        """How likely each side is asked for, whatever the topic; those that are likely at all."""
        asked = self._vocabulary.without_topic(message.get(FORMS)[0].read, "") if message.get(FORMS) else ""
        if self._model is None or not asked:
            return {}
        likely = zip(self._model.labels, self._model.probabilities(asked), strict=True)
        return {str(side): round(float(p), 3) for side, p in likely if p >= self._config["likely_least"]}

    def _asks_for_two(self, text: str, answer: str) -> bool:
        """Whether two sides are joined by "and"."""
        parts = [self._likeliest(part, answer) for part in _AND.split(text)]
        return len({facet for facet, probability in parts if probability >= self._config["sure"]}) > 1


def _vocabulary(asked_on: dict[str, list[str]], asked: dict[str, list[str]]) -> Vocabulary:
    sides: dict[str, float] = {}
    for texts in asked_on.values():
        for word, share in _shares(texts).items():
            sides[word] = max(sides.get(word, 0), share)
    return Vocabulary(sides, {answer: _shares(texts) for answer, texts in asked.items()})


def _shares(texts: Iterable[str]) -> dict[str, float]:
    """In what share of the texts each word stands."""
    texts = list(texts)
    counts = Counter(word for text in texts for word in set(text.split()))
    return {word: count / len(texts) for word, count in counts.items()}
