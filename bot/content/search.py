"""Finds answers by words, as a list: in memory, over titles, claims and the questions that people ask.

Which answer a question gets is the Rasa side's to say; only of answers that no model knows yet one is chosen
here. Diacritics count for nothing, the last word may be unfinished, and a word may have a typo. Two words
that stand beside each other count as one word more: without its neighbour a syllable ("cho", "noi") says
little in Vietnamese.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.content.library import Library
from bot.content.schema import Answer
from bot.content.wards import FormerWard, Ward, Wards
from bot.domain.answer import TOPICS
from bot.domain.language import Language
from bot.text.folding import words

TITLE, CLAIM, QUESTION = 3.0, 2.0, 1.0
"""What a word counts in each part of an answer."""

OFTEN_ASKED = 0.15
"""What each further question with the same word adds, up to `OFTEN_MOST` of them."""
OFTEN_MOST = 8

STORY, IN_STORY = 20, 0.5
"""Words from which on a question is a story, which names other things than what it asks for; and what a word
counts that stands in such ones alone."""

SLIP = 1 / 3000
"""Share of the questions that has to have a word: what one of thousands has is a slip, "cái rag", and would
decide a search for being so rare."""

PREFIX, TYPO = 0.85, 0.7
"""What a word counts that only begins as the one that was typed, and one with a typo."""

TYPO_LETTERS = 4
"""A shorter word is taken as it was typed: most of Vietnamese is a letter away from something else."""

COVERED = 0.3
"""Share of what was asked, by weight, that an answer has to have in it."""

UNKNOWN = 1.0
"""What a word is worth that no answer has. One that half of the answers have is worth as much."""

NEAR_BEST = 0.4
"""Share of the best answer's score that a further match has to have."""

NEARLY_BEST = 0.6
"""The same of an answer that no model knows yet, to be given for it. With a dozen questions in each language,
of 660 independent questions for such an answer 60 % find it, and 0.13 % of those for something else; at 1 41
and 0.05 %."""

WORDS_MOST = 60
"""Words of a text that are read."""


@dataclass(frozen=True, slots=True)
class Match:
    """An answer that fits, better the higher its score."""

    answer: Answer
    score: float


@dataclass(frozen=True, slots=True)
class _Index:
    """Which answers have a word in them, with what it counts there; and what a word is worth."""

    answers: tuple[Answer, ...]
    having: Mapping[str, Mapping[int, float]]
    worth: Mapping[str, float]
    vocabulary: tuple[str, ...]


_kept: dict[Language, tuple[Library, _Index]] = {}
"""The index of the library that was searched last."""

_indexing = threading.Lock()


def search(library: Library, text: str, language: Language, limit: int = 20) -> list[Match]:
    """The published answers that fit a text, best first; none if nothing of it is known."""
    index = _index(library, language)
    asked = words(text)[:WORDS_MOST]
    total = 0.0
    scores: dict[int, float] = defaultdict(float)
    covered: dict[int, float] = defaultdict(float)
    for word in dict.fromkeys([*asked, *(pair for pair in _pairs(asked) if pair in index.having)]):
        meant = _meant(word, index, is_last=word == asked[-1])
        worth = max((index.worth[one] for one in meant), default=UNKNOWN)
        total += worth
        best: dict[int, float] = {}
        for one, likeness in meant.items():
            for number, counts in index.having[one].items():
                best[number] = max(best.get(number, 0.0), likeness * counts)
        for number, counts in best.items():
            scores[number] += counts * worth
            covered[number] += worth
    ranked = sorted(
        (
            (score * covered[number] / total, -number)
            for number, score in scores.items()
            if covered[number] >= COVERED * total
        ),
        reverse=True,
    )
    least = NEAR_BEST * ranked[0][0] if ranked else 0.0
    return [Match(index.answers[-number], score) for score, number in ranked[:limit] if score >= least]


def find_among(library: Library, text: str, ids: Collection[str]) -> Answer | None:
    """The answer, of these, that a text asks for in either language, if hardly another one fits better."""
    if not ids:
        return None
    found = [match for language in Language for match in search(library, text, language)]
    least = NEARLY_BEST * max((match.score for match in found), default=0.0)
    among = [match for match in found if match.answer.id in ids and match.score >= least]
    return max(among, key=lambda match: match.score).answer if among else None


def search_wards(wards: Wards, text: str, limit: int = 20) -> list[Ward | FormerWard]:
    """The wards and communes, of today and of before, in whose names all words of a text are; those of today
    first. The last word may be unfinished, but "phu" is no beginning of the word for ward, which all have."""
    asked = words(text)[:WORDS_MOST]
    if not asked:
        return []
    now: list[Ward | FormerWard] = [
        ward for ward in wards.units if _is_named(asked, ward.name, ward.full_name)
    ]
    former = [
        one
        for one in wards.former.values()
        if _is_named(asked, one.name, f"{one.full_name} {one.district} {one.province}")
        and not set(words(one.name)).isdisjoint(asked)
    ]
    return [*now, *former][:limit]


def _is_named(asked: Sequence[str], name: str, whole: str) -> bool:
    """Whether all words are in the whole name of a place, or the last one begins a word of its own name."""
    *first, last = asked
    known = set(words(whole))
    return known.issuperset(first) and (last in known or any(one.startswith(last) for one in words(name)))


def _index(library: Library, language: Language) -> _Index:
    with _indexing:  # who comes while it is made waits for it
        kept = _kept.get(language)
        if kept is None or kept[0] is not library:
            kept = _kept[language] = (library, _indexed(library, language))
    return kept[1]


def _indexed(library: Library, language: Language) -> _Index:
    answers = tuple(answer for topic in TOPICS for answer in library.of_topic(topic))
    having: dict[str, dict[int, float]] = defaultdict(dict)
    questions = [[_terms(question) for question in answer[language].questions] for answer in answers]
    seen = Counter(word for asked in questions for terms in asked for word in terms)
    seldom = SLIP * sum(map(len, questions))
    for number, answer in enumerate(answers):
        text = answer[language]
        for word in _terms(text.title):
            having[word][number] = TITLE
        for word in _terms(text.claim or ""):
            having[word].setdefault(number, CLAIM)
        times: Counter[str] = Counter()
        for question, terms in zip(text.questions, questions[number], strict=True):
            is_story = len(words(question)) >= STORY
            times.update({word: int(not is_story) for word in terms if seen[word] > seldom})
        for word, often in times.items():
            counts = QUESTION + OFTEN_ASKED * min(often - 1, OFTEN_MOST) if often else IN_STORY
            having[word][number] = max(having[word].get(number, 0.0), counts)
    worth = {word: math.log(1 + len(answers) / len(found)) for word, found in having.items()}
    return _Index(answers, dict(having), worth, tuple(word for word in having if " " not in word))


def _terms(text: str) -> set[str]:
    """The words of a text, and each two that stand beside each other."""
    found = words(text)
    return {*found, *_pairs(found)}


def _pairs(found: Sequence[str]) -> list[str]:
    return [" ".join(pair) for pair in pairwise(found)]


def _meant(word: str, index: _Index, *, is_last: bool) -> dict[str, float]:
    """The words of the index that a typed one may stand for, with how much each is it."""
    if word in index.having:
        return {word: 1.0}
    if is_last or len(word) > TYPO_LETTERS:
        begun = {one: PREFIX for one in index.vocabulary if one.startswith(word)}
        if begun:
            return begun
    if len(word) < TYPO_LETTERS:
        return {}
    mistakes = 1 if len(word) < 2 * TYPO_LETTERS else 2
    found = process.extract(
        word, index.vocabulary, scorer=OSA.distance, score_cutoff=mistakes, limit=8, processor=None
    )
    return {one: TYPO / max(distance, 1) ** 0.5 for one, distance, _ in found}
