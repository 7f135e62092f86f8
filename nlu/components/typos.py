"""English words with a typing mistake, put right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from nlu.components.forms import fold_word


class TypoCorrector:
    """Puts an English word that nobody taught right, if a word that was taught is one slip away: a letter
    too many, too few, another, or two the wrong way round. "musuem" -> "museum".

    counts: how often each known word stands in the examples; the most frequent one is taken.
    """

    LETTERS_LEAST = 4
    SEEN_LEAST = 2

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = dict(counts)
        self._near: dict[str, list[str]] = defaultdict(list)
        for word, count in self._counts.items():
            if len(word) >= self.LETTERS_LEAST and count >= self.SEEN_LEAST and word.isalpha():
                for shorter in _without_a_letter(word):
                    self._near[shorter].append(word)

    @classmethod
    def learn(cls, texts: Iterable[str]) -> TypoCorrector:
        """A corrector from texts without diacritics."""
        return cls(Counter(word for text in texts for word in text.split()))

    def as_json(self) -> dict[str, int]:
        """For storing with the model."""
        return self._counts

    def correct(self, text: str) -> str:
        """The text with such words put right."""
        return " ".join(self._corrected(word) for word in text.split())

    def _corrected(self, word: str) -> str:
        if fold_word(word) in self._counts or len(word) < self.LETTERS_LEAST or not word.isascii():
            return word
        candidates = {near for shorter in _without_a_letter(word) for near in self._near.get(shorter, ())}
        meant = [candidate for candidate in candidates if _is_one_slip(word, candidate)]
        return max(meant, key=lambda near: (self._counts[near], near), default=word)


def _without_a_letter(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _is_one_slip(one: str, other: str) -> bool:
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return (len(one) <= 1 and len(other) <= 1) or (len(one) == 2 and one == other[::-1])
