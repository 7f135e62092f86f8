"""English words with typing mistakes, put right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nlu.text.forms import fold_word


@dataclass(frozen=True)
class TypoLimits:
    """Which words are put right, and by which.

    letters_least, seen_least: of a word that may be meant, and how often it stands in the examples.
    long, same: letters of a word that may have two slips, and how many at its beginning are right then.
    rare, times: a word that stands in the examples so rarely is a slip that somebody taught, if one that is a
        slip away stands there so many times as often and is no other word: of two letters swapped, or, where
        both are longer than the least, of one too many or too few.
    part_least, part_seen: letters of each of two words that are written together, and how often each is
        known.
    """

    letters_least: int
    seen_least: int
    long: int
    same: int
    rare: int
    times: int
    part_least: int
    part_seen: int


class TypoCorrector:
    """Puts an English word that nobody taught right, if a word that was taught is a slip away: a letter too
    many, too few, another, or two the wrong way round ("musuem" -> "museum"); a long one may be two away
    ("incenteves"). Two words written together are parted, one that was parted is put together.

    counts: how often each known word stands in the examples; the most frequent one is taken.
    """

    def __init__(self, counts: Mapping[str, int], limits: TypoLimits) -> None:
        self._limits = limits
        self._counts = dict(counts)
        self._near: dict[str, list[str]] = defaultdict(list)
        for word, count in self._counts.items():
            if len(word) >= limits.letters_least and count >= limits.seen_least and word.isalpha():
                for shorter in self._shortened(word):
                    self._near[shorter].append(word)

    @classmethod
    def learn(cls, texts: Iterable[str], limits: TypoLimits) -> TypoCorrector:
        """A corrector from texts without diacritics."""
        return cls(Counter(word for text in texts for word in text.split()), limits)

    def as_json(self) -> dict[str, int]:
        """For storing with the model."""
        return self._counts

    def correct(self, text: str) -> str:
        """The text with such words put right."""
        return " ".join(self._corrected(word) for word in self._together(text.split()))

    def _together(self, words: list[str]) -> list[str]:
        """The words, those put together that are one: "mar ket"."""
        least, seen = self._limits.letters_least, self._limits.seen_least
        found: list[str] = []
        for word in words:
            both = found[-1] + word if found else word
            is_new = bool(found) and not (self._is_known(found[-1]) and self._is_known(word))
            if is_new and len(both) > least and self._counts.get(both, 0) >= seen:
                found[-1] = both
            else:
                found.append(word)
        return found

    def _is_known(self, word: str) -> bool:
        return fold_word(word) in self._counts

    def _corrected(self, word: str) -> str:
        count = self._counts.get(fold_word(word), 0)
        limits = self._limits
        if count > limits.rare or len(word) < limits.letters_least or not word.isascii():
            return word
        slips = 2 if len(word) >= limits.long and not count else 1
        candidates = {near for shorter in self._shortened(word) for near in self._near.get(shorter, ())}
        meant = [
            (-distance, self._counts[near], near)
            for near in candidates
            if near != word
            and self._counts[near] > limits.times * count
            and (not count or self._is_no_other_word(word, near))
            and (distance := _slips(word, near))
            <= (slips if word[: limits.same] == near[: limits.same] else 1)
        ]
        if not count and (parts := self._parts(word)):
            meant.append((-2, self._counts[parts[0]], " ".join(parts)))
        return max(meant)[2] if meant else word

    def _is_no_other_word(self, word: str, near: str) -> bool:
        if len(word) == len(near):
            return sorted(word) == sorted(near)
        return min(len(word), len(near)) > self._limits.letters_least

    def _parts(self, word: str) -> tuple[str, str] | None:
        """Two well-known words that are written together in one."""
        least, seen = self._limits.part_least, self._limits.part_seen
        parted = [(word[:at], word[at:]) for at in range(least, len(word) - least + 1)]
        known = [parts for parts in parted if all(self._counts.get(part, 0) >= seen for part in parts)]
        return max(known, key=lambda parts: min(self._counts[part] for part in parts), default=None)

    def _shortened(self, word: str) -> set[str]:
        """The word without any letter, and if it is long without any two."""
        once = _without_a_letter(word)
        if len(word) < self._limits.long - 2:
            return once
        return once.union(*map(_without_a_letter, once))


def _without_a_letter(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _slips(one: str, other: str) -> int:
    """How many letters are too many, too few, others or swapped (the optimal string alignment distance)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            least = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                least = min(least, before[column - 2] + 1)
            line.append(least)
        before, last = last, line
    return last[-1]
