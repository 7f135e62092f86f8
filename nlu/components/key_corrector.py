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

_LONG_O = re.compile("o[óòỏõọ](?:c|ng)")
"""In "rơ moóc" two letters are right."""

LETTERS_MOST = 14
"""Of a word in which keys are looked for: "nghieengx" has nine. A longer one is noise, and takes time."""


@dataclass(frozen=True)
class KeyLimits:
    """Which words are known, and which texts are Vietnamese.

    seen_least: how often a word stands in the examples, to be known.
    vietnamese_least: the share of a text's words that has to be Vietnamese once its keys are read, where
        several words have some and where one has.
    """

    seen_least: int
    vietnamese_least: tuple[float, float]


class KeyCorrector:
    """Writes a text as the input method would have, if it is Vietnamese then.

    syllables, others: how often each word with the letters of Vietnamese stands in the examples, and each
    without. A word that stands there is what it says it is; what comes of one that does not must stand there.
    """

    def __init__(self, syllables: Mapping[str, int], others: Mapping[str, int], limits: KeyLimits) -> None:
        self._limits = limits
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
        meant = {word: read for word in set(found) if (read := self._meant(word))}
        sure = {word: read for word, read in meant.items() if not self._is_word(word)}
        if len(sure) > 1:
            # Beside others that have keys left in them, "las" is no word of another language, and "tooi" none
            # that somebody taught.
            sure |= {word: read for word, read in meant.items() if word not in self._bare}
        is_vietnamese = [sure.get(word, word) in self._syllables or word in self._bare for word in found]
        least = self._limits.vietnamese_least[len(sure) == 1]
        if not sure or sum(is_vietnamese) < least * len(found):
            return text
        return _WORD.sub(lambda match: sure.get(match[0], match[0]), written)

    def _is_word(self, word: str) -> bool:
        return word in self._others or word in self._syllables or fold_word(word) in self._bare

    def _meant(self, word: str) -> str | None:
        """What a word is with its keys read, if that is a syllable; a key may have been hit twice, and one of
        the two letters may bear a mark ("baảo")."""
        if len(word) > LETTERS_MOST or _ONE_LETTER_ONE_DIGIT.fullmatch(word) or _LONG_O.search(word):
            return None
        bare = [fold_word(letter) for letter in word]
        twice = [at for at in range(1, len(word)) if bare[at] == bare[at - 1]]
        plainer = [at - 1 if word[at] != bare[at] else at for at in twice]
        forms = dict.fromkeys(word[:at] + word[at + 1 :] for at in plainer)
        return self._read(word) or next((read for form in forms if (read := self._read_once(form))), None)

    def _read(self, word: str) -> str | None:
        """The syllable that the keys of a word write; None if it has none."""
        read = vni(word) if any(map(str.isdigit, word)) else telex(word)
        if read == word:
            return None
        letters, tone = spelling_of(read)
        # Some leave out the keys of shapes: "ddienj".
        return self._by_spelling.get((letters, tone)) or self._by_spelling.get((fold_word(read), tone))

    def _read_once(self, form: str) -> str | None:
        """The same of a word without the letter that stood in it twice, which may be all that was wrong."""
        return form if form in self._syllables or form in self._bare else self._read(form)
