"""Chat spelling written out, diacritics restored, typos put right, before a text is learned or answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import paths
from nlu.components.diacritics import DiacriticRestorer, RestorerLimits
from nlu.components.key_reader import meant
from nlu.components.language import LANGUAGE
from nlu.components.learning import LearningComponent
from nlu.components.other_languages import IN_TERMS
from nlu.components.signs import signs, signs_beside, without_emoticons
from nlu.components.spelling import Spelling
from nlu.components.typos import TypoCorrector, TypoLimits
from nlu.text.forms import Forms, fold, sentences

FORMS = "forms"
"""Property of a message: a list of Forms, of the whole text and then, if it has several sentences,
of each of the last ones."""

BESIDE = "beside"
"""Property of a message: what the signs in it say, each once, in order."""

ANY_SIGN = "*"
"""In the table of signs: every one that is not named there."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class TextNormaliser(LearningComponent):
    """Gives each message its Forms.

    The table of chat spelling is stored with the model: a model that was made with another one goes on as it
    was taught.
    """

    FILE = "normaliser.json"

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, storage, resource)
        self._use({})
        self._restoring = RestorerLimits(**config["diacritics"])
        self._correcting = TypoLimits(**config["typos"])
        self._restorer = DiacriticRestorer({}, {}, self._restoring)
        self._corrector = TypoCorrector({}, self._correcting)

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Path of the table of chat spelling, from the project's directory. None: nothing is written out.
            "spelling": None,
            # How many sentences of a message are read one by one, the last ones: people tell the story first
            # and ask at the end. Each is encoded for itself, which takes as long as a message does.
            "sentences_most": 4,
            # Which syllables are read with other diacritics, see RestorerLimits. At 6 for a known one 29 of
            # 680 independent questions that are typed right are read otherwise, at 9 one; one that nobody
            # taught needs 14, else "rằng" becomes "răng". Of 23,845 syllables of independent questions 89.7 %
            # get their diacritics back if all examples are learned from, and 91.5 % if a quarter of the words
            # has to have some.
            "diacritics": {
                "slip": 9.0,
                "stranger": 14.0,
                "no_syllable": 3.0,
                "marked_least": 0.25,
                "short": 3,
                "seen_together": 5,
            },
            # Which English words are put right, see TypoLimits. With the first three letters right
            # "reputation" is no "regulation". Of what was taught "makret" is a slip, and "dark" is none
            # because of "park".
            "typos": {
                "letters_least": 4,
                "seen_least": 2,
                "long": 8,
                "same": 3,
                "rare": 2,
                "times": 50,
                "part_least": 3,
                "part_seen": 10,
            },
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TextNormaliser:
        """An untrained component with its spelling table."""
        component = super().create(config, model_storage, resource, execution_context)
        path = config["spelling"]
        table = paths.read_yaml(Path(path)) if path else {}
        component._use(
            {
                "vi": table.get("spelling", {}),
                "en": table.get("english", {}),
                "signs": table.get("signs", {}),
            }
        )
        return component

    def _use(self, tables: dict[str, dict[str, str]]) -> None:
        """Take these tables of chat spelling, and of what signs say."""
        self._tables = tables
        self._spelling = {language: Spelling(tables.get(language, {})) for language in ("vi", "en")}
        self._signs = {
            sign.lower(): meaning
            for meaning, drawn in tables.get("signs", {}).items()
            for sign in drawn.split()
        }

    def learned(self) -> bytes:
        """The tables, where diacritics belong, and the words, as JSON."""
        stored = {
            "spelling": self._tables,
            "restorer": self._restorer.as_json(),
            "words": self._corrector.as_json(),
        }
        return json.dumps(stored).encode()

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        stored = json.loads(learned)
        self._use(stored["spelling"])
        self._restorer = DiacriticRestorer.from_json(stored["restorer"], self._restoring)
        self._corrector = TypoCorrector(stored["words"], self._correcting)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn where diacritics belong, and which words there are, from each text once (see KeyReader), in
        the language of its first example, which is that of content/ if the text stands there."""
        texts: dict[str, str | None] = {}
        for example in training_data.training_examples:
            texts.setdefault(example.get(TEXT), example.get(LANGUAGE))
        written = [
            (language, self._spelling[language].write_out(text))
            for text, language in texts.items()
            if text and language
        ]
        vietnamese = (text for language, text in written if language == "vi")
        self._restorer = DiacriticRestorer.learn(vietnamese, self._restoring)
        self._corrector = TypoCorrector.learn((fold(text) for _, text in written), self._correcting)
        return self.persist()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give each example its form."""
        for example in training_data.training_examples:
            if in_terms := example.get(IN_TERMS):
                example.set(FORMS, [in_terms])
            elif text := example.get(TEXT):
                example.set(FORMS, [self.forms(text, example.get(LANGUAGE))])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its forms."""
        for message in messages:
            if in_terms := message.get(IN_TERMS):
                message.set(FORMS, [in_terms])
                message.set(BESIDE, [])
                continue
            typed, language = meant(message), message.get(LANGUAGE)
            text = self._in_words(typed)
            parts = [text, *sentences(text, self._config["sentences_most"])]
            message.set(FORMS, [self.forms(part, language) for part in parts])
            message.set(BESIDE, list(dict.fromkeys(self._said_by(sign) for sign in signs_beside(typed))))
        return messages

    def _said_by(self, sign: str) -> str:
        return self._signs.get(sign.lower(), self._signs.get(ANY_SIGN, sign))

    def _in_words(self, text: str) -> str:
        """The text without its emoticons, or, without any word, what its first known sign says."""
        found = signs(text)
        if not found:
            return without_emoticons(text)
        known = (self._signs[sign.lower()] for sign in found if sign.lower() in self._signs)
        return next(known, self._signs.get(ANY_SIGN, text))

    def forms(self, text: str, language: str) -> Forms:
        """The forms of a text."""
        written = self._spelling[language].write_out(text)
        read = self._restorer.restore(written) if language == "vi" else self._corrector.correct(written)
        return Forms(read, fold(read))
