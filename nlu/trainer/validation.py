"""The validation of a model: what it is asked before people may ask it, and what it must not get wrong.

Rasa is not needed here: `nlu.trainer.train` asks, in the process that trained the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu import paths
from nlu.models import Broken, ValidationVerdict

DROP_MOST = 0.005
"""How much of the accuracy a change of the training data may cost."""

COMPETING_MOST = 3

VANISHED_MOST = 5
VANISHED_SHARE = 0.2
"""How many answers of the live model, or which share of few, a new one may lack that nobody withdrew. One may
always be missing: somebody has deleted its file."""


@dataclass(frozen=True)
class ValidationQuestion:
    """answers: ids of which one is right. intent: what it is instead, if it asks for no answer ("emergency").
    Neither: it must not be answered. must_pass: from nlu/must_pass.yml. style: how it is written ("chat"),
    where that is said."""

    text: str
    language: str
    answers: tuple[str, ...] = ()
    intent: str | None = None
    must_pass: bool = False
    style: str | None = None

    @property
    def expected(self) -> str | None:
        """The id or the intent; None if it must not be answered."""
        return self.answers[0] if self.answers else self.intent


@dataclass(frozen=True)
class Prediction:
    """What a model made of a question.

    intent: as in domain.yml. answer: the id that would be given, whole or one side of it.
    competing: ids of answers, most likely first.
    """

    question: ValidationQuestion
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
class Validation:
    """What came of a new model's questions. answers: the ids that it can answer with."""

    predictions: list[Prediction]
    answers: frozenset[str]

    @property
    def right(self) -> dict[str, bool]:
        """For each question, whether the model got it right."""
        return {prediction.question.text: prediction.is_right for prediction in self.predictions}


class QuestionsError(Exception):
    """A file of questions cannot be used; says which, and what is wrong in it."""


def read_questions(must_pass: Path, evaluation: Path) -> list[ValidationQuestion]:
    """The questions of must_pass and of a directory of evaluation questions, if it is there; each text once.

    Raises:
        QuestionsError: a file is not as it should be.
    """
    questions: dict[str, ValidationQuestion] = {}
    for file in [must_pass, *sorted(evaluation.glob("*.yml"))]:
        try:
            for entry in paths.read_yaml(file):
                question = _question(entry, must_pass=file == must_pass)
                questions.setdefault(question.text, question)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            raise QuestionsError(f"{file} cannot be used: {type(error).__name__}: {error}") from error
    return list(questions.values())


def _question(entry: Mapping[str, Any], *, must_pass: bool) -> ValidationQuestion:
    answer, intent = entry.get("id"), entry.get("intent") or entry.get("action")
    if must_pass and not (answer or intent):
        raise ValueError(f"{entry['q']!r} needs an id or an intent")
    answers = tuple(filter(None, [answer, *entry.get("also", [])]))
    return ValidationQuestion(entry["q"], entry["lang"], answers, intent, must_pass, entry.get("style"))


def counted(questions: Iterable[ValidationQuestion], published: frozenset[str]) -> list[ValidationQuestion]:
    """The questions that can be answered at all: those whose answer is published, and those without one."""
    return [
        question for question in questions if not question.answers or published.intersection(question.answers)
    ]


def right_by(
    right: Mapping[str, bool], questions: Iterable[ValidationQuestion]
) -> dict[str, dict[str, tuple[int, int]]]:
    """How many of a model's questions it got right, and how many there were: by topic of the answer that is
    asked for, and by style.

    Args:
        right: for each question, by its text, whether it was.
        questions: what is known of them.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {"topic": {}, "style": {}}
    for question in questions:
        if question.text in right:
            topic = question.answers[0].partition(".")[0] if question.answers else None
            for by, key in (("topic", topic), ("style", question.style)):
                if key:
                    good, asked = found[by].get(key, (0, 0))
                    found[by][key] = (good + right[question.text], asked + 1)
    return found


def judge(predictions: Sequence[Prediction], before: Mapping[str, bool] | None) -> ValidationVerdict:
    """Whether a model may take the place of the live one.

    A must-pass question counts against it, unless the live model fails it as well: then keeping that one
    would help nobody. So do all questions that it gets wrong and the live one did not, if together they
    cost more than DROP_MOST.

    Args:
        predictions: of the new model.
        before: for each question that the live model was asked, whether it was right; None: nothing is live.
    """
    before = before or {}
    common = [prediction for prediction in predictions if prediction.question.text in before]
    now = _share([prediction.is_right for prediction in common])
    then = _share([before[prediction.question.text] for prediction in common])
    dropped = now is not None and then is not None and round(then - now, 9) > DROP_MOST
    broken = [
        prediction
        for prediction in predictions
        if not prediction.is_right
        and (
            (prediction.question.must_pass and before.get(prediction.question.text, True))
            or (dropped and before.get(prediction.question.text, False))
        )
    ]
    if now is None:
        now = _share([prediction.is_right for prediction in predictions])
    return ValidationVerdict(now or 0.0, then, [_broken(prediction) for prediction in broken])


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


def _broken(prediction: Prediction) -> Broken:
    question = prediction.question
    competing = [answer for answer in prediction.competing if answer not in question.answers]
    return Broken(
        question.text, question.language, question.expected, prediction.got, competing[:COMPETING_MOST]
    )


def _share(right: Sequence[bool]) -> float | None:
    return sum(right) / len(right) if right else None
