"""Questions that the bot could not tell apart, or from which it learns nothing."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bot.content.loading import LoadedContent
from bot.content.schema import MARK, AnswerStatus
from bot.content.yaml_file import Finding, KeyPath
from bot.domain.language import Language
from bot.text.folding import words

NEAR = 0.8
"""Share of common words from which two questions are nearly the same."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A question, where it stands, and its words without order and diacritics."""

    answer: str
    key: KeyPath
    bag: frozenset[str]

    def likeness(self, other: _Question) -> float:
        """The share of words that both have (Jaccard), 0 to 1."""
        return len(self.bag & other.bag) / len(self.bag | other.bag)


def alike(content: LoadedContent, only: str | None = None) -> Iterator[Finding]:
    """Questions that stand under two answers, or nearly so, or twice under one; `only`: of this answer alone.

    Near means that the word sets overlap by NEAR (Jaccard). Candidates are found by prefix
    filtering: with the words sorted from the rarest, two sets that overlap so much share one of
    their first few words (Chaudhuri et al., 2006), so most pairs are never compared.
    """
    answers = content.library.answers.values()
    questions = [
        _Question(answer.id, (language.value, "questions", position), frozenset(words(question)))
        for answer in answers
        if content.library.status(answer) is not AnswerStatus.WITHDRAWN
        for language in Language
        for position, question in enumerate(answer[language].questions)
        if MARK not in question
    ]
    questions.sort(key=lambda question: question.answer == only)  # after all with which they may clash
    frequency = Counter(word for question in questions for word in question.bag)
    by_word: dict[str, list[_Question]] = defaultdict(list)
    successions = {frozenset((a.id, older)) for a in answers for older in a.supersedes}
    for question in questions:
        is_wanted = only in {None, question.answer}
        if not question.bag and not is_wanted:
            continue
        if not question.bag:
            yield content.files[question.answer].finding(question.key, "has no word to learn from")
            continue
        rarest = sorted(question.bag, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(rarest) - math.ceil(NEAR * len(rarest)) + 1]
        near = [
            other
            for word in prefix
            for other in (by_word[word] if is_wanted else ())
            if _clash(question, other) and frozenset((question.answer, other.answer)) not in successions
        ]
        for word in prefix:
            by_word[word].append(question)
        if near:
            yield _twin(question, max(near, key=question.likeness), content)


def _clash(question: _Question, other: _Question) -> bool:
    """Whether the bot could not tell them apart, or learns nothing from the second."""
    if question.answer != other.answer:
        return question.likeness(other) >= NEAR
    return question.bag == other.bag and question.key[0] == other.key[0]


def _twin(question: _Question, other: _Question, content: LoadedContent) -> Finding:
    file, line = content.files[question.answer], content.files[other.answer].line_of(other.key)
    if question.answer == other.answer:
        return file.finding(question.key, f"is the same question as on line {line}", is_error=False)
    is_same = question.bag == other.bag
    wording = "the same question" if is_same else "nearly the same question"
    problem = f"{wording} stands under {other.answer} (line {line})"
    return file.finding(question.key, problem, is_error=is_same)
