"""Which messages are in another language than ours: Korean, French, Khmer; and what is asked in these."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from py3langid.langid import MODEL_FILE
from py3langid.langid import LanguageIdentifier as Detector
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import paths
from nlu.components.key_reader import meant
from nlu.components.learning import LearningComponent
from nlu.text.forms import Forms, fold, plain, words

OTHER_LANGUAGE = "other_language"
"""Property of a message: the code of its language (ISO 639-1), if that is neither Vietnamese nor English."""

ANSWERED_IN = "answered_in"
"""Property of such a message: "vi" or "en", in which it is answered."""

IN_TERMS = "in_terms"
"""Property of such a message: its Forms, with our terms in place of those of its language beside it."""

LABEL = "label_in_other_language"
"""Property of an example in another language: what it stands for, an intent, or "intent/detail"."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class OtherLanguages(LearningComponent):
    """Marks messages in other languages: by their script, else by a detector of languages where few of the
    words are known. The table of languages is stored with the model."""

    FILE = "other_languages.json"

    def __init__(self, config: dict[str, Any], *arguments: Any) -> None:
        super().__init__(config, *arguments)
        self._languages: dict[str, dict[str, Any]] = {}
        self._words: frozenset[str] = frozenset()
        self._terms: dict[str, dict[str, str]] = {}
        self._detector: Any = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Directory of the languages, a file each, from the project's directory. None: no others.
            "languages": None,
            # Probability from which the detector, asked for the table's languages without a script of their
            # own, Vietnamese and English, is believed; from how many words on; and which share of these may
            # be known from the examples. Slips and missing diacritics look like French to it: of 2,441
            # independent questions in our languages it takes 66 for others, with these limits none.
            "sure": 0.995,
            "words_least": 3,
            "known_most": 0.65,
            # In how many examples a word stands, to be known: in one it may be a slip.
            "seen_least": 2,
            # Share of the letters that are of a script.
            "letters_least": 0.3,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> OtherLanguages:
        """An untrained component with its table."""
        component = super().create(config, model_storage, resource, execution_context)
        if config["languages"]:
            files = sorted(Path(config["languages"]).glob("*.yml"))
            component._know({file.stem: paths.read_yaml(file) for file in files}, frozenset())
        return component

    def _know(self, languages: dict[str, dict[str, Any]], known: frozenset[str]) -> None:
        self._languages, self._words = languages, known
        self._terms = {code: _longest_first(language["terms"]) for code, language in languages.items()}
        detected = [code for code, language in languages.items() if "scripts" not in language]
        if detected:
            self._detector = Detector.from_pickled_model(MODEL_FILE, norm_probs=True)
            self._detector.set_languages(["vi", "en", *detected])

    def learned(self) -> bytes:
        """The table and the known words, as JSON."""
        return json.dumps([self._languages, sorted(self._words)]).encode()

    def restore(self, learned: bytes) -> None:
        """Know them again."""
        languages, known = json.loads(learned)
        self._know(languages, frozenset(known))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn which words are ours, from each text once (see KeyReader)."""
        texts = {example.get(TEXT) or "" for example in training_data.training_examples}
        counts = Counter(word for text in texts for word in set(words(fold(text))))
        least = self._config["seen_least"]
        self._words = frozenset(word for word, count in counts.items() if count >= least)
        return self.persist()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add the examples in other languages, of labels that there are. They have no text and no intent, so
        that only who asks for their label (LABEL) learns from them."""
        labels = {
            example.get(INTENT_RESPONSE_KEY) or example.get(INTENT)
            for example in training_data.intent_examples
        }
        training_data.training_examples += [
            Message(data={OTHER_LANGUAGE: code, LABEL: label, IN_TERMS: self._forms(text, code)})
            for code, language in self._languages.items()
            for label, texts in language.get("examples", {}).items()
            for text in texts
            if label in labels
        ]
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages that are in another language."""
        for message in messages:
            text = meant(message)
            if code := self.language_of(text):
                message.set(OTHER_LANGUAGE, code)
                message.set(ANSWERED_IN, self._languages[code]["answered_in"])
                message.set(IN_TERMS, self._forms(text, code))
        return messages

    def language_of(self, text: str) -> str | None:
        """The code of the language; None for one of ours, or where that is not sure."""
        if not self._languages:
            return None
        letters = [letter for letter in text if letter.isalpha()]
        scripts = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in letters)
        for code, language in self._languages.items():
            count = sum(scripts[script] for script in language.get("scripts", ()))
            if count and count >= self._config["letters_least"] * len(letters):
                return code
        return self._detected(text)

    def _detected(self, text: str) -> str | None:
        said = words(fold(text))
        known = sum(word in self._words for word in said)
        if self._detector is None or len(said) < self._config["words_least"]:
            return None
        if known > self._config["known_most"] * len(said):
            return None
        # Names in Vietnamese letters tell nothing of the rest.
        names = {word for word in text.split() if word[:1].isupper() and fold(word) != plain(word)}
        rest = " ".join(word for word in text.split() if word not in names)
        code, probability = self._detector.classify(rest)
        return code if code in self._languages and probability >= self._config["sure"] else None

    def _forms(self, text: str, code: str) -> Forms:
        """A text as it is read, with our terms in it."""
        return Forms(plain(text), "", self._in_terms(plain(text), code))

    def _in_terms(self, text: str, code: str) -> str:
        """The text with each term of the language as it is called here, longer ones first."""
        for term, ours in self._terms[code].items():
            text = text.replace(term, f" {ours} ")
        return " ".join(text.split())


def _longest_first(terms: Mapping[str, str]) -> dict[str, str]:
    return {plain(term): plain(terms[term]) for term in sorted(terms, key=len, reverse=True)}
