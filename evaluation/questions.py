"""Reads the questions that are put to the bot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.domain.answer import Facet
from bot.domain.errors import UserError
from bot.domain.language import Language

DIRECTORY = Path("tests/nlu")


class QuestionFileError(UserError):
    """A file of questions cannot be used; says which, and what is wrong in it."""


class EvaluationQuestion(BaseModel):
    """A question, and what the first reply to it is to be.

    q, lang, style: the text, its language, and how it is written ("plain", "chat", "typos" ...).
    id: the answer that is right; None if the bot has none.
    also: further answers that are right.
    action: the small talk that it is; then there is no id.
    facet: the side of the answer that is asked for.
    near: where there is no answer: whether it is about what the bot is for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str
    lang: Language
    style: str
    id: str | None = None
    also: tuple[str, ...] = ()
    action: str | None = None
    facet: Facet | None = None
    near: bool | None = None

    @property
    def right(self) -> frozenset[str]:
        """The answers that are right."""
        return frozenset([self.id, *self.also] if self.id else ())

    @property
    def topic(self) -> str:
        """The topic of its answer; empty without one."""
        return (self.id or "").partition(".")[0]

    @property
    def is_out_of_scope(self) -> bool:
        """Whether it must not be answered."""
        return self.id is None and self.action is None


def read(files: Iterable[Path]) -> list[EvaluationQuestion]:
    """The questions of YAML files, in their order; with no file, those of tests/nlu/.

    Raises:
        QuestionFileError: a file is not there or not as it should be.
    """
    questions: list[EvaluationQuestion] = []
    for file in list(files) or sorted(DIRECTORY.glob("*.yml")):
        try:
            written = yaml.safe_load(file.read_text(encoding="utf-8"))
            questions += TypeAdapter(list[EvaluationQuestion]).validate_python(written)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise QuestionFileError(f"{file} cannot be read: {error}") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise QuestionFileError(f"{file}: entry {place or '-'} (from 0): {first['msg']}") from error
    if not questions:
        raise QuestionFileError(f"There are no questions: name a file, or run this where {DIRECTORY}/ is.")
    return questions
