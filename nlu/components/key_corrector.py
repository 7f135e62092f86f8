"""Vietnamese texts with the keys of an input method left in them, written as they were meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nlu.components.typed_keys import spelling_of, telex, vni
from nlu.text.forms import fold_word, plain

_WORD = re.compile(r"[^\W_]+")
_ONE_LETTER_ONE_DIGIT = re.compile(r"\w\d")
"""A class of driving licence, a road: no vowel with its tone."""


@dataclass(frozen=True)
class KeyLimits:
    """Which words are known, and which texts are Vietnamese.

    seen_least: how often a word stands in the examples, to be known.
    slip_share: a word that stands there so much more rarely than the one that its keys write is a slip.
    vietnamese_least: the share of a text's words that has to be Vietnamese once its keys are read, where
        several words have some and where one has.
    """

    seen_least: int
    slip_share: float
    vietnamese_least: tuple[float, float]


class KeyCorrector:
    """Writes a text as the input method would have, if it is Vietnamese then.

    syllables, others: how often each word with the letters of Vietnamese stands in the examples, and each
    without. A word that stands there is what it says it is; what comes of one that does not must stand there.
    """

    def __init__(self, syllables: Mapping[str, int], others: Mapping[str, int], limits: KeyLimits) -> None:
        self._limits = limits
        self._counts = {**others, **syllables}
        self._syllables = {word for word, count in syllables.items() if count >= limits.seen_least}
        self._bare = {fold_word(word) for word in self._syllables}
        self._others = {word for word, count in others.items() if count >= limits.seen_least}
        self._by_spelling: dict[tuple[str, str], str] = {}
        for word in sorted(self._syllables, key=lambda word: (syllables[word], word)):
            _, tone = spelling_of(word)
            self._by_spelling[fold_word(word), tone] = word  # the most frequent one stands last
        self._by_spelling |= {spelling_of(word): word for word in self._syllables}

    def correct(self, text: str) -> str:
        """The text as it was meant; as it is if no keys are left in it."""
        written = plain(text)
        found = _WORD.findall(written)
        sure = {
            word: meant
            for word in set(found)
            if (meant := self._meant(word)) and not self._is_word(word, instead_of=meant)
        }
        is_vietnamese = [sure.get(word, word) in self._syllables or word in self._bare for word in found]
        least = self._limits.vietnamese_least[len(sure) == 1]
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

    def _is_word(self, word: str, instead_of: str) -> bool:
        if word in self._others:
            return self._counts[word] >= self._limits.slip_share * self._counts.get(instead_of, 0)
        return word in self._syllables or fold_word(word) in self._bare

    def _meant(self, word: str) -> str | None:
        """What a word is with its keys read, if that is a syllable; a key may have been hit twice."""
        if _ONE_LETTER_ONE_DIGIT.fullmatch(word):
            return None
        twice = [at for at in range(1, len(word)) if word[at] == word[at - 1]]
        forms = [word, *(word[:at] + word[at + 1 :] for at in twice)]
        return next((meant for form in forms if (meant := self._written(form, word))), None)

    def _written(self, form: str, word: str) -> str | None:
        read = vni(form) if any(map(str.isdigit, form)) else telex(form)
        if read == word:
            return None
        letters, tone = spelling_of(read)
        # Some leave out the keys of shapes: "ddienj".
        meant = self._by_spelling.get((letters, tone)) or self._by_spelling.get((fold_word(read), tone))
        return meant or (read if form != word and read in self._bare else None)
