"""From forms and vectors to an intent, for messages in other languages than ours."""

from __future__ import annotations

import pickle
from collections import defaultdict
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, INTENT_RESPONSE_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.classifier import AnswerClassifier
from nlu.components.examples import example_label, learned_from
from nlu.components.other_languages import LABEL, OTHER_LANGUAGE
from nlu.text.forms import Forms


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class OtherLanguageClassifier(AnswerClassifier):
    """Reads messages in other languages once more, as AnswerClassifier did, but by what is asked in them.

    An answer of which nobody wrote questions in other languages has the score that AnswerClassifier gave it,
    by its questions in ours, which the encoder brings near.
    """

    FILE = "other_language_classifier.pickle"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._untaught: list[str] = []

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            **AnswerClassifier.get_default_config(),
            # As AnswerClassifier's, with shorter sequences. Seven languages have many sequences of letters:
            # with longer ones, as in ours, none of 224 questions is read better, and the model grows by
            # 160 MB, not 30.
            "kernel": {
                "width": 3.0,
                "letters": 0.3,
                "words": 0.3,
                "letter_sequences": [2, 2],
                "word_sequences": [1, 1],
                "ridge": 0.15,
            },
            # An answer without questions in these languages has AnswerClassifier's score, which is raised.
            "few": {"power": 0.0, "most": 1.0},
            # Many of these languages write no blanks between words, so that few words tell nothing.
            "unless_short": {"words": 0, "score": 0.0},
            # Examples in our own languages of a label that has none in others.
            "own": 10,
            # How many times the score that our own questions give to an answer without questions in other
            # languages: it is smaller across languages. With a quarter of the answers untaught in turn, of
            # 224 independent questions in seven languages 46, 84, 87, 91 and 94 % find such an answer first
            # at 1, 2, 2.5, 3 and 4, and 95, 95, 95, 94 and 92 % the others.
            "untaught_times": 2.5,
        }

    def learned(self) -> bytes:
        """What AnswerClassifier learned, and the answers that are not asked for in other languages."""
        return pickle.dumps((super().learned(), self._untaught))

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        learned_too, self._untaught = pickle.loads(learned)
        super().restore(learned_too)

    def examples(self, training_data: TrainingData) -> list[Message]:
        """Those in other languages; and some in ours of the labels that have none in others."""
        others = [
            _labelled(example) for example in training_data.training_examples if example.get(OTHER_LANGUAGE)
        ]
        taught = {example_label(example) for example in others}
        own: dict[str, list[Message]] = defaultdict(list)
        for example in learned_from(training_data):
            if example_label(example) not in taught:
                own[example_label(example)].append(example)
        self._untaught = sorted(label for label in own if label.startswith("faq/"))
        most = self._config["own"]
        some = [example for of_label in own.values() for example in of_label[:: -(-len(of_label) // most)]]
        return [*others, *some]

    def counted(self, form: Forms) -> str:
        """The text as it is read: to fold it would take vowels from some scripts."""
        return form.read

    def known(self, text: str, words: frozenset[str]) -> float:
        """1: where no blanks are between words, known ones do not tell."""
        return 1.0

    def scores(self, messages: list[Message]) -> np.ndarray:
        """The scores of every label, in which those of untaught answers are AnswerClassifier's."""
        scores = super().scores(messages)
        columns = self._machine.numbers_of(np.array(self._untaught, dtype=str))
        for row, message in zip(scores, messages, strict=True):
            of_label = {label["name"]: label["confidence"] for label in message.get(INTENT_RANKING_KEY, [])}
            for column, label in zip(columns, self._untaught, strict=True):
                row[column] = max(row[column], self._config["untaught_times"] * of_label.get(label, 0.0))
        return scores

    def process(self, messages: list[Message]) -> list[Message]:
        """Read each message in another language."""
        if others := [message for message in messages if message.get(OTHER_LANGUAGE)]:
            super().process(others)
        return messages


def _labelled(example: Message) -> Message:
    """The example with its label as its intent: a copy, since as it is it counts for none."""
    intent, _, detail = example.get(LABEL).partition("/")
    copy = Message(data={**example.data, INTENT: intent})
    if detail:
        copy.set(INTENT_RESPONSE_KEY, example.get(LABEL))
    return copy
