"""Which side of the answer a question asks for in the same breath: "ticket price of the museum"."""

from __future__ import annotations

import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle
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
from nlu.components.examples import example_label, example_metadata, is_answer_text, names_its_topic
from nlu.components.features import SideBySide, TextClassifier
from nlu.components.learning import LearningComponent
from nlu.components.normaliser import FORMS
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.components.reading import READING

EVERY_ANSWER_HAS = "source"
NO_SIDE = "none"
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
    answer has. It learns from questions that name their topic, too, and from the follow-up questions, which
    name none, each alone and behind a topic's title.
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
            # Probability from which the side is shown in place of the whole answer, which has the side, too:
            # what the whole question says counts twice, and once what remains without its topic's words. Of
            # 414 independent questions for a side 348 get it and 8 another one; with either alone 333 and 7,
            # or 344 and 12.
            "sure": 0.45,
            # Longer questions tell more than their side, or ask for two: how many words a question may have,
            # and how much surer each further one has to be.
            "words_most": 12,
            "sure_more": 0.05,
            # The same for the side that every answer has, its source: who asks whether a rumour is true wants
            # the answer.
            "sure_of_source": 0.95,
            # Below which probability, read without its topic's words, a question asks for no side; and how
            # many such questions are learned from: with 1,500 it takes a third longer, and is no better.
            "none_most": 0.35,
            "none_learned": 800,
            # What stands in the questions of every topic and has the words of sides in it: "Cần Thơ" tells
            # of no need ("cần").
            "names": [],
            # In what share of a topic's questions a word stands that names the topic ("what does a visa
            # cost"), and how many times as often as in the follow-up questions of any side ("from the
            # airport").
            "named_least": 0.15,
            "named_times": 5,
            # Probability from which a side is told to what weighs a message with what was said before.
            "likely_least": 0.05,
            # How closely the regression keeps to the examples: scikit-learn's C. Left out by thirds, 76.4 %
            # of the follow-up questions and 81.3 % of those that ask for no side are read right; at 2 77.0
            # and 78.2 %, at 200 75.9 and 81.3 %.
            "regression_c": 20,
        }

    def learned(self) -> bytes:
        """The words of sides and topics, which answer has which side, and the classifier of sides."""
        return pickle.dumps((self._vocabulary, self._sides, self._model))

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        self._vocabulary, self._sides, self._model = pickle.loads(learned)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the sides from the follow-up questions, alone and beside a topic, and from questions that ask
        for none; and each topic's words from its questions."""
        asked_on: dict[str, list[str]] = defaultdict(list)
        asked: dict[str, list[str]] = defaultdict(list)
        with_topic: dict[str, str] = {}
        sides: set[tuple[str, str]] = set()
        topics: list[str] = []
        for example in training_data.intent_examples:
            if not example.get(FORMS):
                continue
            intent, _, detail = example_label(example).partition("/")
            metadata = example_metadata(example)
            if facet := metadata.get("facet"):
                sides.add((detail, facet))
            if names_its_topic(example):
                with_topic[self._nameless(example.get(FORMS)[0].read)] = detail
            elif intent == "followup":
                asked_on[detail].append(example.get(FORMS)[0].read)
            elif intent == "faq" and metadata.get("is_title"):
                topics.append(self._nameless(example.get(FORMS)[0].read))
            elif intent == "faq" and not is_answer_text(example):
                asked[detail].append(example.get(FORMS)[0].read)
        self._sides = frozenset(sides)
        self._vocabulary = _vocabulary(asked_on, asked)
        if len(asked_on) > 1:
            pairs = [(text, facet) for facet, texts in asked_on.items() for text in texts]
            beside = [
                (f"{topic} {text}", facet) for (text, facet), topic in zip(pairs, cycle(topics), strict=False)
            ]
            self._model = _fitted(pairs, self._config["regression_c"])
            none = [text for text in (*self._asking_for_none(asked), *topics) if text not in with_topic]
            self._model = _fitted(
                [*pairs, *beside, *with_topic.items(), *((text, NO_SIDE) for text in none)],
                self._config["regression_c"],
            )
        return self.persist()

    def _asking_for_none(self, asked: dict[str, list[str]]) -> list[str]:
        """Questions in which, without their topic's words, no side is likely; as many as are learned from,
        from all over the topics."""
        none = [
            self._nameless(text)
            for answer, texts in asked.items()
            for text in texts
            if max(
                self._probabilities(self._vocabulary.without_topic(self._nameless(text), answer)).values(),
                default=0,
            )
            < self._config["none_most"]
        ]
        return none[:: max(1, len(none) // self._config["none_learned"])]

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages that ask for one side of their answer."""
        for message in messages:
            if message.get(OTHER_LANGUAGE):
                continue  # sides are read by their words
            message.set(
                READING, {**message.get(READING), "sides": self._sides_of(message)}, add_to_output=True
            )
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
        """The topic that a follow-up question names after all, with a word that hardly any follow-up has."""
        ranked = (label["name"].partition("/") for label in message.get(INTENT_RANKING_KEY, []))
        answer = next((detail for intent, _, detail in ranked if intent == "faq"), "")
        topic = self._vocabulary.answers.get(answer, {})
        text = message.get(FORMS)[0].read.split()
        least, times = self._config["named_least"], self._config["named_times"]
        sides = self._vocabulary.sides
        is_named = any(topic.get(word, 0) >= max(least, times * sides.get(word, 0)) for word in text)
        return answer if is_named else None

    def _facet(self, message: Message, answer: str) -> str | None:
        """The side that is asked for, if that is sure and the answer has it."""
        text = self._nameless(message.get(FORMS)[0].read)
        more = max(0, len(text.split()) - self._config["words_most"])
        whole, rest = (
            self._probabilities(one) for one in (text, self._vocabulary.without_topic(text, answer))
        )
        likely = {
            side: (2 * probability + rest.get(side, 0.0)) / 3
            for side, probability in whole.items()
            if side == EVERY_ANSWER_HAS or (answer, side) in self._sides
        }
        facet = max(likely, key=lambda side: likely[side], default=None)
        if facet is None or self._asks_for_two(text):
            return None
        least = self._config["sure_of_source" if facet == EVERY_ANSWER_HAS else "sure"]
        return facet if likely[facet] >= least + more * self._config["sure_more"] else None

    def _probabilities(self, text: str) -> dict[str, float]:
        """How likely a text asks for each side. The rest up to 1 is that it asks for none."""
        if self._model is None or not self._model.counts.knows_a_word(text):
            return {}
        likely = zip(self._model.labels, self._model.probabilities(text), strict=True)
        return {str(side): float(probability) for side, probability in likely if side != NO_SIDE}

    def _nameless(self, text: str) -> str:
        for name in self._config["names"]:
            text = text.replace(name, " ")
        return " ".join(text.split())

    def _sides_of(self, message: Message) -> dict[str, float]:
        """How likely each side is asked for, whatever the topic; those that are likely at all."""
        likely = self._probabilities(self._nameless(message.get(FORMS)[0].read)) if message.get(FORMS) else {}
        return {side: round(p, 3) for side, p in likely.items() if p >= self._config["likely_least"]}

    def _asks_for_two(self, text: str) -> bool:
        """Whether two sides are joined by "and"."""
        parts = [self._probabilities(part) for part in _AND.split(text)]
        sure = {side for likely in parts for side, p in likely.items() if p >= self._config["sure"]}
        return len(parts) > 1 and len(sure) > 1


def _fitted(examples: list[tuple[str, str]], regression_c: float) -> TextClassifier:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    several = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 3), sublinear_tf=True)  # noqa: S106
    regression = LogisticRegression(C=regression_c, class_weight="balanced", max_iter=100)
    model = TextClassifier(SideBySide((letters, 1), (several, 1)), regression)
    model.fit([text for text, _ in examples], [facet for _, facet in examples])
    return model


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
