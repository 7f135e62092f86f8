"""Which side of the answer a question asks for in the same breath: "ticket price of the museum"."""

from __future__ import annotations

import os
import pickle
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from nlu.components.classifier import AT_A_TIME, entity
from nlu.components.encoder import VECTORS
from nlu.components.examples import example_label, example_metadata, is_answer_text, names_its_topic
from nlu.components.kernel_machine import Inputs, Kernel, KernelMachine
from nlu.components.learning import LearningComponent
from nlu.components.normaliser import FORMS
from nlu.components.other_languages import OTHER_LANGUAGE
from nlu.components.reading import READING
from nlu.text.forms import asks

EVERY_ANSWER_HAS = "source"
NO_SIDE = "none"

OF_AN_ANSWER = 40
"""How many questions of an answer are looked at, to find the side that most of them ask for."""


@dataclass(frozen=True)
class Vocabulary:
    """In what share of the questions each word stands: of those for the side where that is most, and of
    those for each answer."""

    sides: dict[str, float] = field(default_factory=dict)
    answers: dict[str, dict[str, float]] = field(default_factory=dict)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class FacetReader(LearningComponent):
    """Makes a `faq` a `faq_facet`, with the entity `facet`, where the question asks for one side that the
    answer has. It learns from questions that name their topic, too, from the follow-up questions, which name
    none, and from the topics' titles, which ask for no side.

    A side that most questions of an answer ask for is what that answer is about: "emergency numbers" wants
    the whole of the answer on hotlines, not whom to contact about it. Such a side is told beside the others,
    and nlu/components/context.py weighs it.
    """

    FILE = "facets.pickle"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._vocabulary = Vocabulary()
        self._sides: frozenset[tuple[str, str]] = frozenset()
        self._subjects: frozenset[tuple[str, str]] = frozenset()
        self._machine: KernelMachine | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # What questions are compared by, see Kernel. Of 1,207 messages in dialogues the side that is
            # wanted of the answer in hand is the best of 97.5 %, and whether one is wanted of another answer
            # is read right of 94.2 %; by letters and words alone, with a regression, 96.4 and 90.9 %.
            "kernel": {
                "width": 3.0,
                "letters": 0.8,
                "words": 0.8,
                "letter_sequences": [2, 4],
                "word_sequences": [1, 2],
                "ridge": 0.5,
            },
            # Score from which the side is shown in place of the whole answer, which has the side, too.
            "sure": 0.42,
            # Longer questions tell more than their side, or ask for two: how many words a question may have,
            # and how much surer each further one has to be.
            "words_most": 12,
            "sure_more": 0.01,
            # The same for the side that every answer has, its source: who asks whether a rumour is true wants
            # the answer.
            "sure_of_source": 0.6,
            # Which share of an answer's questions ask for the side that it is about. Seven of ours are about
            # one: office hours, consular fees, protection abroad, whom to contact about investing, the best
            # time to visit, hotlines, the minimum wage.
            "subject_share": 0.5,
            # What stands in the questions of every topic and has the words of sides in it: "Cần Thơ" tells
            # of no need ("cần").
            "names": [],
            # In what share of a topic's questions a word stands that names the topic ("what does a visa
            # cost"), and how many times as often as in the follow-up questions of any side ("from the
            # airport").
            "named_least": 0.15,
            "named_times": 5,
            # Score from which a side is told to what weighs a message with what was said before.
            "likely_least": 0.05,
        }

    def learned(self) -> bytes:
        """The words of sides and topics, which answer has which side or is about it, and the classifier."""
        return pickle.dumps((self._vocabulary, self._sides, self._subjects, self._machine))

    def restore(self, learned: bytes) -> None:
        """Know them again. A model that was made by words alone reads no sides: it answers only until the new
        one is trained."""
        known = pickle.loads(learned)
        if len(known) == 4:
            self._vocabulary, self._sides, self._subjects, self._machine = known

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the sides, and each topic's words from its questions."""
        asked_on: dict[str, list[str]] = defaultdict(list)
        asked: dict[str, list[Message]] = defaultdict(list)
        learned: list[tuple[Message, str]] = []
        sides: set[tuple[str, str]] = set()
        for example in training_data.intent_examples:
            if not example.get(FORMS):
                continue
            intent, _, detail = example_label(example).partition("/")
            metadata = example_metadata(example)
            if facet := metadata.get("facet"):
                sides.add((detail, facet))
            if intent == "followup":
                learned.append((example, detail))
                if not names_its_topic(example):
                    asked_on[detail].append(example.get(FORMS)[0].read)
            elif intent == "faq" and metadata.get("is_title"):
                learned.append((example, NO_SIDE))
            elif intent == "faq" and not is_answer_text(example):
                asked[detail].append(example)
        self._sides = frozenset(sides)
        texts = {
            answer: [example.get(FORMS)[0].read for example in examples] for answer, examples in asked.items()
        }
        self._vocabulary = _vocabulary(asked_on, texts)
        if len(asked_on) > 1:
            self._machine = KernelMachine(Kernel(**self._config["kernel"]))
            with threadpool_limits(len(os.sched_getaffinity(0)), "blas"):  # one is enough to answer, and set
                self._machine.fit(
                    Inputs(
                        np.vstack([example.get(VECTORS) for example, _ in learned]),
                        [self._counted(example.get(FORMS)[0].read) for example, _ in learned],
                    ),
                    [side for _, side in learned],
                )
            self._machine.forget_training()
            self._subjects = frozenset(
                (answer, side) for answer, examples in asked.items() for side in self._asked_by_most(examples)
            )
        return self.persist()

    def _asked_by_most(self, examples: Sequence[Message]) -> list[str]:
        """The side, if there is one, that so many of an answer's questions ask for that it is about it."""
        some = examples[:: max(1, len(examples) // OF_AN_ANSWER)]
        sides = Counter(
            side
            for scores in self._scores(some)
            for side, score in scores.items()
            if score >= self._config["sure"]
        )
        return [side for side, times in sides.items() if times >= self._config["subject_share"] * len(some)]

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages that ask for one side of their answer."""
        read = [message for message in messages if not message.get(OTHER_LANGUAGE)]  # by their words
        for start in range(0, len(read), AT_A_TIME):
            some = read[start : start + AT_A_TIME]
            for message, scores in zip(some, self._scores(some), strict=True):
                self._read(message, scores)
        return messages

    def _read(self, message: Message, scores: Mapping[str, float]) -> None:
        named = {entity["entity"]: entity["value"] for entity in message.get(ENTITIES, [])}
        is_answer = message.get(INTENT, {}).get("name") == "faq"
        likely = {
            side: round(score, 3) for side, score in scores.items() if score >= self._config["likely_least"]
        }
        subjects = [side for side in likely if (named.get("answer"), side) in self._subjects]
        reading = {**message.get(READING), "sides": likely, "subjects": subjects}
        message.set(READING, reading, add_to_output=True)
        if message.get(INTENT, {}).get("name") == "followup" and (answer := self._named(message)):
            self._set(message, answer=answer)
            return
        is_one_answer = is_answer and not message.get(READING)["also"]
        if is_one_answer and (facet := self._facet(message, named["answer"], scores)):
            self._set(message, facet=facet)

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

    def _facet(self, message: Message, answer: str, scores: Mapping[str, float]) -> str | None:
        """The side that is asked for, if that is sure and the answer has it."""
        scores = {
            side: score
            for side, score in scores.items()
            if (side == EVERY_ANSWER_HAS or (answer, side) in self._sides)
            and (answer, side) not in self._subjects
        }
        facet = max(scores, key=lambda side: scores[side], default=None)
        if facet is None:
            return None
        shortest = min(len(text.split()) for text in self._parts(message).values())
        more = max(0, shortest - self._config["words_most"])
        least = self._config["sure_of_source" if facet == EVERY_ANSWER_HAS else "sure"]
        return facet if scores[facet] >= least + more * self._config["sure_more"] else None

    def _scores(self, messages: Sequence[Message]) -> list[dict[str, float]]:
        """How surely each message asks for each side, in the whole or in a sentence that asks: about 1 if it
        does, 0 if not. The source is asked for in the whole: "is it true?" behind a rumour is about that."""
        machine = self._machine
        if machine is None:
            return [{} for _ in messages]
        parts = [self._parts(message) for message in messages]
        vectors = [message.get(VECTORS)[list(of)] for message, of in zip(messages, parts, strict=True)]
        texts = [text for of in parts for text in of.values()]
        scores = machine.scores(Inputs(np.vstack(vectors), texts))
        ends = np.cumsum([len(of) for of in parts])
        is_source = machine.labels == EVERY_ANSWER_HAS
        return [
            _by_side(machine.labels, np.where(is_source, of_parts[0], of_parts.max(axis=0)).clip(0, 1))
            if machine.knows_a_word(of[0])
            else {}
            for of, of_parts in zip(parts, np.split(scores, ends[:-1]), strict=True)
        ]

    def _parts(self, message: Message) -> dict[int, str]:
        """The whole and the sentences that ask, by their number among the forms: what is counted of each."""
        read = [form.read for form in message.get(FORMS)][: len(message.get(VECTORS))]
        return {n: self._counted(text) for n, text in enumerate(read) if n == 0 or asks(text)}

    def _counted(self, text: str) -> str:
        names = "|".join(map(re.escape, self._config["names"]))
        return " ".join(re.sub(rf"\b(?:{names})\b", " ", text).split() if names else text.split())


def _by_side(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    named = zip(labels, scores, strict=True)
    return {str(side): float(score) for side, score in named if side != NO_SIDE}


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
