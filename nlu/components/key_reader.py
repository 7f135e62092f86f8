"""Reads what was meant where Vietnamese was typed with the keys of Telex or VNI left in it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.key_corrector import KeyCorrector, KeyLimits
from nlu.components.learning import LearningComponent
from nlu.text.forms import fold_word, words

MEANT = "meant"
"""Property of a message: its text as it was meant, where keys of an input method stood in it."""


def meant(message: Message) -> str:
    """The text of a message as it was meant."""
    return message.get(MEANT) or message.get(TEXT) or ""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class KeyReader(LearningComponent):
    """Writes a message as the input method would have. It learns the syllables and words of the examples."""

    FILE = "keys.json"

    def __init__(self, config: dict[str, Any], *arguments: Any) -> None:
        super().__init__(config, *arguments)
        self._limits = KeyLimits(config["seen_least"], tuple(config["vietnamese_least"]))
        self._know({}, {})

    def _know(self, syllables: dict[str, int], others: dict[str, int]) -> None:
        self._counts = [syllables, others]
        self._corrector = KeyCorrector(syllables, others, self._limits)

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default, see KeyLimits."""
        return {
            # Once is a slip of its own.
            "seen_least": 2,
            # Chat spelling and names are not Vietnamese, and an English sentence has few words that look so
            # ("the boat form can tho"). Of 2,475 independent questions and 13,500 examples without such keys
            # none is changed.
            "vietnamese_least": [0.6, 0.8],
        }

    def learned(self) -> bytes:
        """The words that are known, as JSON."""
        return json.dumps(self._counts).encode()

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        self._know(*json.loads(learned))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the words of the examples. One that stands in two lists, for its topic and for its side, says
        each of its words once: a slip is no word because it is learned from twice."""
        texts = {example.get(TEXT) or "" for example in training_data.training_examples}
        counts = Counter(word for text in texts for word in words(text))
        marked = {word: count for word, count in counts.items() if fold_word(word) != word}
        self._know(marked, {word: count for word, count in counts.items() if word not in marked})
        return self.persist()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the examples as they are: what was taught is known."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give the messages that need it the property MEANT."""
        for message in messages:
            text = message.get(TEXT) or ""
            if (read := self._corrector.correct(text)) != text:
                message.set(MEANT, read)
        return messages
