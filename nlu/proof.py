"""The proof of a model: what it is asked before people may ask it, and what it must not get wrong.

Rasa is not needed here: `nlu.train` asks, in the process that trained the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nlu import paths

DROP_MOST = 0.005
"""How much of the accuracy a change of the training data may cost."""

COMPETING_MOST = 3

VANISHED_MOST = 5
VANISHED_SHARE = 0.2
"""How many answers of the live model, or which share of few, a new one may lack that nobody withdrew. One may
always be missing: somebody has deleted its file."""


@dataclass(frozen=True)
class Question:
    """answers: ids of which one is right. intent: what it is instead, if it asks for no answer ("emergency").
    Neither: it must not be answered. must_pass: from nlu/must_pass.yml."""

    text: str
    language: str
    answers: tuple[str, ...] = ()
    intent: str | None = None
    must_pass: bool = False

    @property
    def expected(self) -> str | None:
        """The id or the intent; None if it must not be answered."""
        return self.answers[0] if self.answers else self.intent


@dataclass(frozen=True)
class Reply:
    """What a model made of a question.

    intent: as in domain.yml. answer: the id that would be given, whole or one side of it.
    competing: ids of answers, most likely first.
    """

    question: Question
    intent: str
    answer: str | None
    competing: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether it is what the question is for."""
        if self.question.answers:
            return self.answer in self.question.answers
        if self.question.intent:
            return self.intent == self.question.intent
        return self.answer is None

    @property
    def got(self) -> str | None:
        """The id or the intent; None if nothing would be answered."""
        return self.answer or (None if self.intent in {"out_of_scope", "nlu_fallback"} else self.intent)


@dataclass(frozen=True)
class Proof:
    """What came of a new model's questions. answers: the ids that it can answer with."""

    replies: list[Reply]
    answers: frozenset[str]


@dataclass(frozen=True)
class Broken:
    """A question that a model does not get right; the fields are those of GET /status."""

    question: str
    language: str
    expected: str | None
    got: str | None
    competing: list[str]


@dataclass(frozen=True)
class Verdict:
    """accuracy, accuracy_before: share of the questions that are right, now and with the live model, of those
    that both were asked; without any, accuracy is that of all and accuracy_before None.
    broken: what speaks against the model; empty if nothing does."""

    accuracy: float
    accuracy_before: float | None
    broken: list[Broken] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether the model must not take the place of the live one."""
        return bool(self.broken)


class QuestionsError(Exception):
    """A file of questions cannot be used; says which, and what is wrong in it."""


def read_questions(must_pass: Path, evaluation: Path) -> list[Question]:
    """The questions of must_pass and of a directory of evaluation questions, if it is there; each text once.

    Raises:
        QuestionsError: a file is not as it should be.
    """
    questions: dict[str, Question] = {}
    for file in [must_pass, *sorted(evaluation.glob("*.yml"))]:
        try:
            for entry in paths.read_yaml(file):
                question = _question(entry, must_pass=file == must_pass)
                questions.setdefault(question.text, question)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise QuestionsError(f"{file} cannot be used: {type(error).__name__}: {error}") from error
    return list(questions.values())


def _question(entry: Mapping[str, Any], *, must_pass: bool) -> Question:
    answer, intent = entry.get("id"), entry.get("intent") or entry.get("action")
    if must_pass and not (answer or intent):
        raise ValueError(f"{entry['q']!r} needs an id or an intent")
    answers = tuple(filter(None, [answer, *entry.get("also", [])]))
    return Question(entry["q"], entry["lang"], answers, intent, must_pass)


def counted(questions: Iterable[Question], published: frozenset[str]) -> list[Question]:
    """The questions that can be answered at all: those whose answer is published, and those without one."""
    return [
        question for question in questions if not question.answers or published.intersection(question.answers)
    ]


def judge(replies: Sequence[Reply], before: Mapping[str, bool] | None) -> Verdict:
    """Whether a model may take the place of the live one.

    A must-pass question counts against it, unless the live model fails it as well: then keeping that one
    would help nobody. So do all questions that it gets wrong and the live one did not, if together they
    cost more than DROP_MOST.

    Args:
        replies: of the new model.
        before: for each question that the live model was asked, whether it was right; None: nothing is live.
    """
    before = before or {}
    common = [reply for reply in replies if reply.question.text in before]
    now = _share([reply.is_right for reply in common])
    then = _share([before[reply.question.text] for reply in common])
    dropped = now is not None and then is not None and round(then - now, 9) > DROP_MOST
    broken = [
        reply
        for reply in replies
        if not reply.is_right
        and (
            (reply.question.must_pass and before.get(reply.question.text, True))
            or (dropped and before.get(reply.question.text, False))
        )
    ]
    if now is None:
        now = _share([reply.is_right for reply in replies])
    return Verdict(now or 0.0, then, [_broken(reply) for reply in broken])


def vanished(before: Iterable[str], now: Iterable[str], withdrawn: Iterable[str]) -> list[str]:
    """The answers that a new model lacks, if they are so many that something else than an editor took them
    away; else none.

    Args:
        before: ids that the live model can answer with.
        now: those of the new one.
        withdrawn: ids that content/ still names, and has taken back.
    """
    before = set(before)
    gone = sorted(before - set(now) - set(withdrawn))
    most = min(VANISHED_MOST, max(1, int(VANISHED_SHARE * len(before))))
    return gone if len(gone) > most else []


def _broken(reply: Reply) -> Broken:
    question = reply.question
    competing = [answer for answer in reply.competing if answer not in question.answers]
    return Broken(question.text, question.language, question.expected, reply.got, competing[:COMPETING_MOST])


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None
