"""Vietnamese typed without diacritics, with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import log

from nlu.components.forms import fold_word, words


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
