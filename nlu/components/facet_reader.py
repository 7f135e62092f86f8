"""Which side of the answer a question asks for in the same breath: "ticket price of the museum"."""

from __future__ import annotations

import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
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

WHOLE = "whole"
"""What a question asks for that asks for no side."""

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
    taken out of a question before it is read. What is left of the answers' own questions then stands for the
    whole: some of them ask for a side, too, but far fewer in a side's words than follow-up questions do.
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
            # Probability, with what the classifier's score of the side adds, from which the side is shown in
            # place of the whole answer, which has the side, too. Of 65 independent questions for a side 55
            # get it, where it was 51 of follow-up questions alone at 0.7; of 74 for the whole 70, as before.
            "sure": 0.5,
            # How much the classifier's score counts: it reads the whole sentence, not only words of sides.
            "score_weighs": 2.0,
            # How much all the answers' questions weigh in training, those of one side being 1, and how many
            # words they have at most: long ones tell a story.
            "whole_weighs": 0.25,
            "whole_words_most": 20,
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
            pairs = [(text, facet) for facet, texts in asked_on.items() for text in texts]
            of_one = len(pairs) / len(asked_on)
            pairs += [(text, WHOLE) for text in self._without_topics(asked)]
            counts = Counter(facet for _, facet in pairs)
            weights = {facet: of_one / count for facet, count in counts.items()}
            weights[WHOLE] = self._config["whole_weighs"] * weights.get(WHOLE, 0.0)
            regression = LogisticRegression(C=20, class_weight=weights, max_iter=500)
            self._model = TextClassifier(SideBySide((letters, 1), (several, 1)), regression)
            self._model.fit([text for text, _ in pairs], [facet for _, facet in pairs])
        return self.persist()

    def _without_topics(self, asked: dict[str, list[str]]) -> Iterator[str]:
        """What is left of the answers' questions without the words of their topics."""
        for answer, texts in asked.items():
            for text in texts:
                left = self._vocabulary.without_topic(self._without_names(text), answer)
                if left and len(text.split()) <= self._config["whole_words_most"]:
                    yield left

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages that ask for one side of their answer."""
        for message in messages:
            if message.get(OTHER_LANGUAGE):
                continue  # sides are read by their words
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
        text, scores = message.get(FORMS)[0].read, _scores(message)
        more = max(0, len(text.split()) - self._config["words_most"])
        facet, probability = self._likeliest(text, answer, scores)
        is_there = facet == EVERY_ANSWER_HAS or (answer, facet) in self._sides
        sure = self._config["sure_of_source" if facet == EVERY_ANSWER_HAS else "sure"]
        is_sure = probability >= sure + more * self._config["sure_more"]
        return facet if is_there and is_sure and not self._asks_for_two(text, answer) else None

    def _likeliest(self, text: str, answer: str, scores: dict[str, float]) -> tuple[str | None, float]:
        """The side that a text asks for most likely, and how likely that is."""
        asked = self._vocabulary.without_topic(self._without_names(text), answer)
        if self._model is None or not asked:
            return None, 0.0
        probabilities = dict(zip(map(str, self._model.labels), self._model.probabilities(asked), strict=True))
        probabilities.pop(WHOLE, None)
        weight = self._config["score_weighs"]
        likely = {
            facet: float(probability) + weight * max(scores.get(facet, 0), 0)
            for facet, probability in probabilities.items()
        }
        best = max(likely, key=lambda facet: likely[facet])
        return best, likely[best]

    def _without_names(self, text: str) -> str:
        for name in self._config["names"]:
            text = text.replace(name, " ")
        return text

    def _asks_for_two(self, text: str, answer: str) -> bool:
        """Whether two sides are joined by "and"."""
        parts = [self._likeliest(part, answer, {}) for part in _AND.split(text)]
        return len({facet for facet, probability in parts if probability >= self._config["sure"]}) > 1


def _scores(message: Message) -> dict[str, float]:
    """The classifier's score of each side."""
    ranked = (
        (label["name"].partition("/"), label["confidence"]) for label in message.get(INTENT_RANKING_KEY, [])
    )
    return {side: score for (intent, _, side), score in ranked if intent == "followup"}


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
