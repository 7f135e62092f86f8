"""The forms of a text that are learned from: as it is read, and without diacritics."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

from nlu.components.letters import DECORATED

_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c)[0] == "M")
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_LEFT_OVER = re.compile(rf"(?<=[a-z\u00c0-\u024f\u1e00-\u1eff])[{_MARKS}]+")
_SENTENCE = re.compile(r"(?<=[.?!…;\n])\s+|\n+")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_MEANS_ITSELF = re.compile(r"\w*\d\w*|[ivxlcdm]+|www")
"""Words whose equal letters mean something: with digits in them, Roman numerals, addresses."""
_FIRST_MARK = "\u0300"
"""There is no combining mark before it."""


@dataclass(frozen=True)
class Forms:
    """read: lower case, chat spelling written out, missing diacritics restored; what is encoded.
    folded: `read` without any diacritics; what word and letter sequences are counted on."""

    read: str
    folded: str


def plain(text: str) -> str:
    """The text in ordinary letters, lower case: decorative, full-width and composed forms of a letter are
    one, and marks that belong to no Latin letter are gone. "𝗖𝗵𝗼̛̣" -> "chợ"."""
    composed = unicodedata.normalize("NFKC", text.translate(DECORATED)).lower()
    return _LEFT_OVER.sub("", unicodedata.normalize("NFKC", composed))


def fold(text: str) -> str:
    """Lower case without diacritics: "Chợ nổi" -> "cho noi"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(DECORATED).casefold().replace("đ", "d"))
    bare = "".join([c for c in decomposed if c < _FIRST_MARK or unicodedata.category(c) != "Mn"])
    return bare.casefold().replace("đ", "d")


fold_word = lru_cache(20_000)(fold)
"""`fold` for single words, of which few come again and again."""


def words(text: str) -> list[str]:
    """The words of a text, as `plain`, without punctuation."""
    found: list[str] = _WORD.findall(plain(text))
    return found


def sentences(text: str, most: int) -> list[str]:
    """The sentences of a text with two words or more, at most `most`: the last ones, since people
    tell the story first and ask at the end. Empty if there is but one."""
    parts = [part for part in _SENTENCE.split(text) if len(words(part)) > 1]
    return parts[-most:] if len(parts) > 1 else []


def _shortened(word: str) -> str:
    """The word without letters that are drawn out: "nổiiii" -> "nổi"; numbers stay as they are."""
    return word if _MEANS_ITSELF.fullmatch(word) else _DRAWN_OUT.sub(r"\1", word)


class Spelling:
    """Chat spelling written out, by a table that editors extend (nlu/spelling.yml)."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = {tuple(words(short)): full for short, full in table.items()}
        self._longest = max((len(key) for key in self._table), default=0)

    def write_out(self, text: str) -> str:
        """The text, lower case, with each entry of the table replaced; longer entries first."""
        tokens = [_shortened(word) for word in words(text)]
        written: list[str] = []
        position = 0
        while position < len(tokens):
            for length in range(min(self._longest, len(tokens) - position), 0, -1):
                full = self._table.get(tuple(tokens[position : position + length]))
                if full is not None:
                    written.append(full)
                    position += length
                    break
            else:
                written.append(tokens[position])
                position += 1
        return " ".join(written)


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


class DiacriticRestorer:
    """Puts diacritics back on Vietnamese typed without them: "cho noi" -> "chợ nổi".

    A bigram model over syllables with interpolated absolute discounting, decoded with Viterbi.
    It learns from the Vietnamese of the training data alone, so it knows the words that matter
    here; a syllable it never saw is left as it is.
    """

    DISCOUNT = 0.75

    def __init__(self, unigrams: Mapping[str, int], bigrams: Mapping[tuple[str, str], int]) -> None:
        self._unigrams = Counter(unigrams)
        self._bigrams = Counter(bigrams)
        self._total = sum(self._unigrams.values()) or 1
        self._followers = Counter(first for first, _ in self._bigrams)
        self._candidates: dict[str, list[str]] = defaultdict(list)
        for syllable in self._unigrams:
            self._candidates[fold_word(syllable)].append(syllable)

    @classmethod
    def learn(cls, texts: Iterable[str]) -> DiacriticRestorer:
        """A restorer from Vietnamese texts with their diacritics."""
        unigrams: Counter[str] = Counter()
        bigrams: Counter[tuple[str, str]] = Counter()
        for text in texts:
            syllables = words(text)
            unigrams.update(syllables)
            bigrams.update(zip(["", *syllables], syllables, strict=False))
        return cls(unigrams, bigrams)

    def as_json(self) -> dict[str, object]:
        """For storing with the model."""
        return {"unigrams": self._unigrams, "bigrams": [[*pair, n] for pair, n in self._bigrams.items()]}

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> DiacriticRestorer:
        """The restorer that `as_json` stored."""
        bigrams = {(first, second): n for first, second, n in stored["bigrams"]}  # type: ignore[attr-defined]
        return cls(stored["unigrams"], bigrams)  # type: ignore[arg-type]

    def restore(self, text: str) -> str:
        """The text, lower case, its bare syllables as they most likely are meant.

        A syllable that carries a diacritic is what it says it is.
        """
        best: dict[str, tuple[float, list[str]]] = {"": (0.0, [])}
        for syllable in words(text):
            bare = syllable == fold_word(syllable)
            options = self._candidates.get(syllable, [syllable]) if bare else [syllable]
            best = {
                option: max(
                    (
                        (score + self._log_probability(before, option), [*path, option])
                        for before, (score, path) in best.items()
                    ),
                    key=lambda scored: scored[0],
                )
                for option in options
            }
        return " ".join(max(best.values(), key=lambda scored: scored[0])[1])

    def _log_probability(self, before: str, syllable: str) -> float:
        unigram = (self._unigrams[syllable] + 0.1) / self._total
        seen = self._unigrams[before] if before else self._total
        if not seen:
            return log(unigram)
        direct = max(self._bigrams[before, syllable] - self.DISCOUNT, 0) / seen
        left = self.DISCOUNT * self._followers[before] / seen if before else 0.5
        return log(direct + max(left, 0.05) * unigram)
