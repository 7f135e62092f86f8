"""Reads what was meant where Vietnamese was typed with the keys of Telex or VNI left in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.learning import LearningComponent
from nlu.components.typed_keys import spelling_of, telex, vni
from nlu.text.forms import fold_word, plain, words

MEANT = "meant"
"""Property of a message: its text as it was meant, where keys of an input method stood in it."""

_WORD = re.compile(r"[^\W_]+")
_ONE_LETTER_ONE_DIGIT = re.compile(r"\w\d")
"""A class of driving licence, a road: no vowel with its tone."""


def meant(message: Message) -> str:
    """The text of a message as it was meant."""
    return message.get(MEANT) or message.get(TEXT) or ""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class KeyReader(LearningComponent):
    """Writes a message as the input method would have, if it is Vietnamese then.

    It learns the syllables and words of the examples: a word that stands there is what it says it is, and
    what comes of one that does not must stand there.
    """

    FILE = "keys.json"

    def __init__(self, config: dict[str, Any], *arguments: Any) -> None:
        super().__init__(config, *arguments)
        self._know({}, {})

    def _know(self, syllables: dict[str, int], others: dict[str, int]) -> None:
        """Take these words: with the letters of Vietnamese, and without."""
        self._syllables = {word for word, count in syllables.items() if count >= self._config["seen_least"]}
        self._bare = {fold_word(word) for word in self._syllables}
        self._others = {word for word, count in others.items() if count >= self._config["seen_least"]}
        self._counts = [syllables, others]
        self._by_spelling: dict[tuple[str, str], str] = {}
        for word in sorted(self._syllables, key=lambda word: (syllables[word], word)):
            _, tone = spelling_of(word)
            self._by_spelling[fold_word(word), tone] = word  # the most frequent one stands last
        self._by_spelling |= {spelling_of(word): word for word in self._syllables}

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # How often a word stands in the examples, to be known: once is a slip of its own.
            "seen_least": 2,
            # Which share of a message's words has to be Vietnamese once its keys are read, where several
            # words have some and where one has: chat spelling and names are not Vietnamese, and an English
            # sentence has few words that look so ("the boat form can tho"). Of 2,475 independent questions
            # and 13,500 examples without such keys none is changed.
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
        """Leave the examples as they are: nobody left keys in them."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give the messages that need it the property MEANT."""
        for message in messages:
            text = message.get(TEXT) or ""
            if (read := self.read(text)) != text:
                message.set(MEANT, read)
        return messages

    def read(self, text: str) -> str:
        """The text as it was meant; as it is if no keys are left in it."""
        written = plain(text)
        found = _WORD.findall(written)
        sure = {word: read for word in set(found) if (read := self._meant(word)) and not self._is_word(word)}
        is_vietnamese = [sure.get(word, word) in self._syllables or word in self._bare for word in found]
        least = self._config["vietnamese_least"][len(sure) == 1]
        if not sure or sum(is_vietnamese) < least * len(found):
            return text
        # Beside others that have keys left in them, "las" is no word of another language.
        doubtful = len(sure) > 1
        return _WORD.sub(
            lambda match: (
                sure.get(match[0])
                or (doubtful and match[0] not in self._bare and self._meant(match[0]))
                or match[0]
            ),
            written,
        )

    def _is_word(self, word: str) -> bool:
        return word in self._others or word in self._syllables or fold_word(word) in self._bare

    def _meant(self, word: str) -> str | None:
        """What a word is with its keys read, if that is a syllable."""
        if _ONE_LETTER_ONE_DIGIT.fullmatch(word):
            return None
        read = vni(word) if any(map(str.isdigit, word)) else telex(word)
        if read == word:
            return None
        letters, tone = spelling_of(read)
        # Some leave out the keys of shapes: "ddienj".
        return self._by_spelling.get((letters, tone)) or self._by_spelling.get((fold_word(read), tone))
