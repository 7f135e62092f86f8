"""How well questions about wards and communes are answered: each names the units that a right reply names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from bot.domain.plan import Kind
from evaluation.ask import Exchange
from evaluation.goals import GOAL_WARDS
from evaluation.measure import Line, Section
from evaluation.questions import EvaluationQuestion, QuestionFileError
from evaluation.statistics import Share

FILES = (Path("tests/wards/questions.yml"), Path("tests/wards/held_back.yml"))
"""Half of the questions was at hand when the recogniser was made, the other half was not looked at."""

NO_WARD = "no_ward_question"
"""The kind of questions that name a unit, but ask for something else."""


class WardQuestion(EvaluationQuestion):
    """A question, its kind, and the codes of the units that a right reply names: none if there is no such
    unit, or if it asks for something else."""

    style: str = "ward"
    kind: str
    about: tuple[str, ...]


def read_wards() -> list[WardQuestion]:
    """The questions of FILES, those that are there.

    Raises:
        QuestionFileError: a file is not as it should be.
    """
    questions: list[WardQuestion] = []
    for file in filter(Path.is_file, FILES):
        try:
            written = yaml.safe_load(file.read_text(encoding="utf-8"))
            questions += TypeAdapter(list[WardQuestion]).validate_python(written)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
            raise QuestionFileError(f"{file} cannot be used: {error}") from error
    return questions


def is_right(asked: Exchange) -> bool:
    """Whether the reply names the units that it should, or none if it should not."""
    if not isinstance(asked.question, WardQuestion):
        raise TypeError("this is no question about a ward")
    named = next((frozenset(card.ids) for card in asked.cards if card.kind is Kind.WARD), None)
    if asked.question.kind == NO_WARD:
        return named is None
    if asked.question.about:
        return named is not None and named.issuperset(asked.question.about)
    return not named and all(card.kind in {Kind.WARD, Kind.FALLBACK} for card in asked.cards)


def ward_sections(exchanges: Sequence[Exchange]) -> tuple[Section, ...]:
    """The shares by kind, and that of all; nothing without questions."""
    by_kind: dict[str, list[bool]] = {}
    for asked in exchanges:
        if isinstance(asked.question, WardQuestion):
            by_kind.setdefault(asked.question.kind, []).append(is_right(asked))
    if not by_kind:
        return ()
    every = [right for some in by_kind.values() for right in some]
    lines = [Line(kind, Share(sum(some), len(some))) for kind, some in sorted(by_kind.items())]
    total = Line("all", Share(sum(every), len(every)), GOAL_WARDS)
    return (Section("Questions about wards and communes", (*lines, total)),)
