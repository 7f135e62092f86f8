"""Chat spelling written out, diacritics restored, typos put right, before a text is learned or answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import paths
from nlu.components.forms import (
    DiacriticRestorer,
    Forms,
    Spelling,
    TypoCorrector,
    fold,
    sentences,
)
from nlu.components.language import LANGUAGE
from nlu.components.signs import signs, signs_beside, without_emoticons

FORMS = "forms"
"""Property of a message: a list of Forms, of the whole text and then, if it has several sentences,
of each of the last ones."""

BESIDE = "beside"
"""Property of a message: what the signs in it say, each once, in order."""

SENTENCES_MOST = 4

ANY_SIGN = "*"
"""In the table of signs: every one that is not named there."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class TextNormaliser(GraphComponent):
    """Gives each message its Forms.

    spelling: the table of chat spelling (config); it is stored with the model.
    """

    def __init__(
        self,
        storage: ModelStorage,
        resource: Resource,
        spelling: dict[str, dict[str, str]],
        restorer: DiacriticRestorer,
        corrector: TypoCorrector,
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._tables = spelling
        self._spelling = {language: Spelling(spelling.get(language, {})) for language in ("vi", "en")}
        self._signs = {
            sign.lower(): meaning
            for meaning, drawn in spelling.get("signs", {}).items()
            for sign in drawn.split()
        }
        self._restorer = restorer
        self._corrector = corrector

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """spelling: path of the table, from the project's directory; none by default."""
        return {"spelling": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TextNormaliser:
        """An untrained component with its spelling table."""
        path = config.get("spelling")
        table = paths.read_yaml(Path(path)) if path else {}
        spelling = {
            "vi": table.get("spelling", {}),
            "en": table.get("english", {}),
            "signs": table.get("signs", {}),
        }
        return cls(model_storage, resource, spelling, DiacriticRestorer({}, {}), TypoCorrector({}))

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TextNormaliser:
        """The trained component."""
        with model_storage.read_from(resource) as directory:
            stored = json.loads((directory / "normaliser.json").read_text(encoding="utf-8"))
        restorer = DiacriticRestorer.from_json(stored["restorer"])
        corrector = TypoCorrector(stored["words"])
        return cls(model_storage, resource, stored["spelling"], restorer, corrector)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn where diacritics belong, and which words there are."""
        written = [
            (language, self._spelling[language].write_out(text))
            for example in training_data.training_examples
            if (text := example.get(TEXT)) and (language := example.get(LANGUAGE))
        ]
        self._restorer = DiacriticRestorer.learn(text for language, text in written if language == "vi")
        self._corrector = TypoCorrector.learn(fold(text) for _, text in written)
        stored = {
            "spelling": self._tables,
            "restorer": self._restorer.as_json(),
            "words": self._corrector.as_json(),
        }
        with self._storage.write_to(self._resource) as directory:
            (directory / "normaliser.json").write_text(json.dumps(stored), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give each example its form."""
        for example in training_data.training_examples:
            if text := example.get(TEXT):
                example.set(FORMS, [self.forms(text, example.get(LANGUAGE))])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its forms."""
        for message in messages:
            typed, language = message.get(TEXT) or "", message.get(LANGUAGE)
            text = self._in_words(typed)
            parts = [text, *sentences(text, SENTENCES_MOST)]
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
