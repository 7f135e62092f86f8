"""Which language a message is in, and how sure that is."""

from __future__ import annotations

import pickle
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from nlu.components.features import SideBySide, TextClassifier
from nlu.components.forms import fold
from nlu.components.key_reader import meant
from nlu.components.learning import LearningComponent
from nlu.components.other_languages import ANSWERED_IN
from nlu.components.signs import spoken
from nlu.text.forms import plain, words

LANGUAGE = "language"
"""Property of a message: "vi" or "en"."""

LANGUAGE_IS_SURE = "language_is_sure"
"""Property of a message: False where it is too short to tell, or belongs to both languages."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class LanguageIdentifier(LearningComponent):
    """Tells Vietnamese from English by letters and words without diacritics, learned from the examples.

    Diacritics are left out on purpose: people leave them out, and English sentences carry Vietnamese
    names with them.
    """

    FILE = "language.pickle"

    _model: TextClassifier | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Each setting with its default."""
        return {
            # Probability from which a language is sure. Below it, the language of the conversation so far or
            # of the person's app counts.
            "sure": 0.8,
            # How closely the regression keeps to the examples: scikit-learn's C. Of 24,817 examples, left out
            # by thirds, 98.5 % are told surely and 0.7 % surely wrong; at 3 97.7 and 0.5 %.
            "regression_c": 30,
        }

    def learned(self) -> bytes:
        """The classifier; None if the examples are all in one language."""
        return pickle.dumps(self._model)

    def restore(self, learned: bytes) -> None:
        """Know the classifier again."""
        self._model = pickle.loads(learned)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the examples whose language is known (see `known_language`)."""
        known = [
            (text, language)
            for example in training_data.training_examples
            if (text := example.get(TEXT)) and (language := known_language(example))
        ]
        if len({language for _, language in known}) == 2:
            letters = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(1, 3), preprocessor=fold, sublinear_tf=True
            )
            whole = TfidfVectorizer(token_pattern=r"\w+", preprocessor=fold, sublinear_tf=True)  # noqa: S106
            # liblinear: the same to three decimals as the usual solver, in a third of the time.
            regression = LogisticRegression(
                C=self._config["regression_c"], class_weight="balanced", solver="liblinear"
            )
            self._model = TextClassifier(SideBySide((letters, 1), (whole, 1)), regression)
            self._model.fit([text for text, _ in known], [language for _, language in known])
        return self.persist()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Mark each example with its language."""
        examples = [example for example in training_data.training_examples if example.get(TEXT)]
        for example in examples:
            example.set(LANGUAGE, known_language(example) or self._identify(example.get(TEXT))[0])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark each message with its language and whether that is sure."""
        for message in messages:
            answered_in = message.get(ANSWERED_IN)
            language, is_sure = (answered_in, True) if answered_in else self._identify(meant(message))
            message.set(LANGUAGE, language)
            message.set(LANGUAGE_IS_SURE, is_sure, add_to_output=True)
        return messages

    def _identify(self, text: str) -> tuple[str, bool]:
        """A text's language, and whether that is sure."""
        text = spoken(text)  # "bit.ly" and ":D" are words of no language
        is_marked = has_diacritics(text)
        if self._model is None:
            return ("vi" if is_marked else "en"), is_marked
        said = words(text)
        if not any(map(str.isalpha, "".join(said))):
            return "vi", False  # numbers tell no language
        vietnamese = float(self._model.probabilities(text)[list(self._model.labels).index("vi")])
        if is_marked and (vietnamese > 1 - self._config["sure"] or _is_mostly_marked(text)):
            return "vi", True
        is_long_enough = sum(word.isalpha() for word in said) > 1  # "visa" is a word of both
        # A word of the text stands in the examples: a few strange letters tell no language.
        is_known = self._model.counts.knows_a_word(text)
        is_sure = is_long_enough and is_known and max(vietnamese, 1 - vietnamese) >= self._config["sure"]
        return ("vi" if vietnamese >= 0.5 else "en"), is_sure


def _is_mostly_marked(text: str) -> bool:
    """Whether most words have diacritics and are no names ("Cần Thơ" stands in English sentences, too)."""
    tokens = text.split()
    marked = [token for token in tokens if has_diacritics(token) and token[:1].islower()]
    return len(marked) > len(tokens) - len(marked)


def has_diacritics(text: str) -> bool:
    """Whether a text has letters that Vietnamese has and English has not."""
    return fold(text) != plain(text)


def known_language(example: Message) -> str | None:
    """An example's language: as its metadata say or those of its list, else Vietnamese if a third of its
    words have diacritics, names aside ("Cần Thơ" stands in English, too), else English if none has, unless it
    is so short that it may be either ("ok")."""
    metadata = example.get("metadata") or {}
    for stated in (metadata.get("example"), metadata, metadata.get("intent")):
        if stated and "language" in stated:
            return str(stated["language"])
    written = (example.get(TEXT) or "").split()
    marked = sum(has_diacritics(word) and word[:1].islower() for word in written)
    if marked >= len(written) / 3:
        return "vi"
    return "en" if not marked and len(written) > 2 else None
