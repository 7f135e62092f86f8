"""Vietnamese typed without diacritics, with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log
from operator import itemgetter

from nlu.components.typed_keys import ACUTE, DOT_BELOW, spelling_of
from nlu.text.forms import fold_word, words

_Best = dict[str, tuple[float, list[str]]]
"""Of each way to read a text's last syllable, the likeliest reading of all: its logarithm, its syllables."""


DISCOUNT = 0.75
"""Taken off the count of each pair for those that were never seen: the usual value for pairs of words (Church
& Gale, "A comparison of the enhanced Good-Turing and deleted estimation methods", 1991)."""

ADDED = 0.1
"""To the count of each syllable, so that none is impossible."""

LEFT_LEAST, LEFT_AT_START = 0.05, 0.5
"""Share of probability for pairs that were never seen: at least, so that none is impossible; and where the
first syllable is the beginning of a text, which says little of what follows."""


OPTIONS_KEPT = 20_000
"""Syllables of which it is remembered how they may be read."""


@dataclass(frozen=True)
class RestorerLimits:
    """What has to speak for another reading than what is written.

    slip, stranger, no_syllable: how much likelier (in natural logarithms) a syllable with a diacritic has to
        be as another one, to be read so: one that is known, one that nobody taught, and one that cannot be
        ("viêt").
    marked_least: share of the words of an example that have diacritics, from which on it is learned from:
        people teach questions as they are typed, too.
    short, seen_together: a word of more letters may be two syllables, if these stand together so often in the
        examples.
    """

    slip: float
    stranger: float
    no_syllable: float
    marked_least: float
    short: int
    seen_together: int


class DiacriticRestorer:
    """Puts diacritics back on Vietnamese typed without them: "cho noi" -> "chợ nổi", and puts wrong ones
    right: "lể hội oóc om bóc" -> "lễ hội óc om bóc".

    A bigram model over syllables with interpolated absolute discounting, decoded with Viterbi.
    It learns from the Vietnamese of the training data alone, so it knows the words that matter
    here; a syllable it never saw is left as it is.
    """

    def __init__(
        self, unigrams: Mapping[str, int], bigrams: Mapping[tuple[str, str], int], limits: RestorerLimits
    ) -> None:
        self._limits = limits
        self._unigrams = Counter(unigrams)
        self._bigrams = Counter(bigrams)
        self._total = sum(self._unigrams.values()) or 1
        followers = Counter(first for first, _ in self._bigrams)
        self._left = {one: _share_left(count, followers[one]) for one, count in self._unigrams.items()}
        self._left[""] = LEFT_AT_START
        self._log_left = {syllable: log(left) for syllable, left in self._left.items()}
        self._candidates: dict[str, list[str]] = defaultdict(list)
        for syllable in self._unigrams:
            self._candidates[fold_word(syllable)].append(syllable)
        self._before: dict[str, dict[str, float]] = defaultdict(dict)
        for (first, second), count in self._bigrams.items():
            direct = max(count - DISCOUNT, 0) / (self._unigrams[first] or self._total)
            self._before[second][first] = direct
        self._by_spelling = {spelling_of(syllable): syllable for syllable in self._unigrams}
        self._options = lru_cache(OPTIONS_KEPT)(self._read_as)

    @classmethod
    def learn(cls, texts: Iterable[str], limits: RestorerLimits) -> DiacriticRestorer:
        """A restorer from Vietnamese texts; those without diacritics are left aside."""
        unigrams: Counter[str] = Counter()
        bigrams: Counter[tuple[str, str]] = Counter()
        for text in texts:
            syllables = words(text)
            marked = sum(syllable != fold_word(syllable) for syllable in syllables)
            if marked < limits.marked_least * len(syllables):
                continue
            unigrams.update(syllables)
            bigrams.update(zip(["", *syllables], syllables, strict=False))
        return cls(unigrams, bigrams, limits)

    def as_json(self) -> dict[str, object]:
        """For storing with the model."""
        return {"unigrams": self._unigrams, "bigrams": [[*pair, n] for pair, n in self._bigrams.items()]}

    @classmethod
    def from_json(cls, stored: Mapping[str, object], limits: RestorerLimits) -> DiacriticRestorer:
        """The restorer that `as_json` stored."""
        bigrams = {(first, second): n for first, second, n in stored["bigrams"]}  # type: ignore[attr-defined]
        return cls(stored["unigrams"], bigrams, limits)  # type: ignore[arg-type]

    def restore(self, text: str) -> str:
        """The text, lower case, its syllables as they most likely are meant."""
        best: _Best = {"": (0.0, [])}
        for syllable in (part for word in words(text) for part in self._parted(word)):
            # A pair that was never seen is as likely as its second syllable, so that the same first one is
            # best for all of them; only those that were seen before a syllable have to be compared.
            left = ((score + self._log_left.get(before, 0.0), before) for before, (score, _) in best.items())
            unseen = max(left, key=itemgetter(0))
            following: _Best = {}
            for option, price in self._options(syllable):
                score, before = self._best_before(option, best, unseen)
                following[option] = score - price, [*best[before][1], option]
            best = following
        return " ".join(max(best.values(), key=itemgetter(0))[1])

    def _parted(self, word: str) -> list[str]:
        """The syllables of a word that nobody taught, if it is two written together ("chợnổi"), or one
        with no more than the beginning of the one before it ("cnổi")."""
        if word in self._unigrams or fold_word(word) in self._candidates or not word.isalpha():
            return [word]
        parted = [(word[:at], word[at:]) for at in range(2, len(word) - 1)]
        pairs = [
            (self._bigrams[first, second], [first, second])
            for left, right in parted
            for first in self._alike(left)
            for second in self._alike(right)
        ]
        pairs += [
            (self._bigrams[first, second], [first, second])
            for second in self._alike(word[1:])
            for first in self._before[second]
            if first.startswith(word[0]) and len(word) > self._limits.short
        ]
        count, syllables = max(pairs, default=(0, []))
        return syllables if count >= self._limits.seen_together else [word]

    def _alike(self, syllable: str) -> list[str]:
        """The known syllables that one may be meant as: itself, or of one without diacritics any."""
        bare = fold_word(syllable) == syllable
        return self._candidates.get(syllable, []) if bare else [syllable] * (syllable in self._unigrams)

    def _read_as(self, syllable: str) -> list[tuple[str, float]]:
        """What a syllable may be meant as, and the price of reading it so."""
        bare = fold_word(syllable)
        alike = self._candidates.get(bare, [])
        if syllable == bare:
            return [(option, 0.0) for option in alike or [syllable]]
        if syllable in self._unigrams:
            price = self._limits.slip
        elif (same := self._by_spelling.get(spelling_of(syllable))) is not None:
            return [(same, 0.0)]  # its tone stands elsewhere: "hoà", "hòa"
        else:
            price = self._limits.stranger if _can_be(syllable) else self._limits.no_syllable
        return [(syllable, 0.0), *((option, price) for option in alike if option not in {syllable, bare})]

    def _best_before(self, syllable: str, best: _Best, unseen: tuple[float, str]) -> tuple[float, str]:
        """The syllable after which one is likeliest, and how likely everything is up to here.

        unseen: the same of pairs that were never seen, whatever the second syllable.
        """
        unigram = (self._unigrams[syllable] + ADDED) / self._total
        found = unseen[0] + log(unigram), unseen[1]
        if seen := self._before.get(syllable):
            for before, (score, _) in best.items():
                if (direct := seen.get(before)) is not None:
                    both = score + log(direct + self._left.get(before, 1.0) * unigram)
                    if both > found[0]:
                        found = both, before
        return found


def _share_left(count: int, followers: int) -> float:
    """The share of probability that is left to pairs that were never seen whose first syllable stands in the
    examples so often, and has so many followers."""
    return max(DISCOUNT * followers / count, LEFT_LEAST)


def _can_be(syllable: str) -> bool:
    """Whether a syllable may stand in a Vietnamese text: what ends in c, ch, p or t has one of two tones."""
    return not fold_word(syllable).endswith(("c", "ch", "p", "t")) or spelling_of(syllable)[1] in {
        ACUTE,
        DOT_BELOW,
    }
