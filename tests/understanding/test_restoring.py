"""Diacritics are restored as the whole search would do it, of every first syllable with every second one."""

from __future__ import annotations

from math import log

from hypothesis import given
from hypothesis import strategies as st

from nlu.components.diacritics import DISCOUNT, DiacriticRestorer
from tests.support.components import restorer_limits

TAUGHT = [
    "chợ nổi cái răng",
    "đi chợ nổi",
    "cho nội",
    "chở nội đi",
    "nội đi chợ",
    "cái rạng nổi",
    "răng rang",
]

RESTORER = DiacriticRestorer.learn(TAUGHT, restorer_limits())
SYLLABLES = st.sampled_from(["cho", "noi", "cai", "rang", "di", "chợ", "chờ", "nỏi", "đi", "usd", "răng"])


def likelihood(before: str, syllable: str) -> float:
    """Interpolated absolute discounting of a pair, written out."""
    pairs = [pair for text in TAUGHT for pair in zip(["", *text.split()], text.split(), strict=False)]
    counts = [second for _, second in pairs]
    unigram = (counts.count(syllable) + 0.1) / len(counts)
    if before and before not in counts:
        return log(unigram)
    seen = counts.count(before) if before else len(counts)
    followers = len({second for first, second in pairs if first == before})
    left = max(DISCOUNT * followers / seen, 0.05) if before else 0.5
    direct = max(pairs.count((before, syllable)) - DISCOUNT, 0) / seen
    return log(direct + left * unigram)


@given(st.lists(SYLLABLES, min_size=1, max_size=7))
def test_no_reading_is_likelier_than_the_one_that_is_restored(said: list[str]) -> None:
    best: dict[str, float] = {"": 0.0}
    for syllable in said:
        best = {
            option: max(score + likelihood(before, option) for before, score in best.items()) - price
            for option, price in RESTORER._options(syllable)
        }

    restored = RESTORER.restore(" ".join(said)).split()

    pairs = zip(["", *restored], restored, strict=False)
    costs = sum(dict(RESTORER._options(typed))[read] for typed, read in zip(said, restored, strict=True))
    assert abs(sum(likelihood(*pair) for pair in pairs) - costs - max(best.values())) < 1e-9
