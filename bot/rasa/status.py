"""What the Rasa side tells of its models. It is written by nlu/server.py."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.domain.language import Language


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class TrainingProgress(_Told):
    """A model in the making. share: of the step, 0 to 1; seconds: since it began."""

    model: str
    step: Literal["reading", "encoding", "fitting", "proving", "loading"]
    share: float
    seconds: float


class FailedModel(_Told):
    """A model that could not be made. advice: what happened and what to do, where it is not tried again."""

    model: str
    reason: str
    advice: str | None = None


class BrokenQuestion(_Told):
    """A question that a model gets wrong.

    expected, got: an answer's id or an intent; None: no answer. competing: the answers that it
    may have been taken for, best first.
    """

    question: str
    language: Language
    expected: str | None
    got: str | None
    competing: tuple[str, ...] = ()


class RefusedModel(_Told):
    """A model that was made and does not answer, because it is worse. Accuracies from 0 to 1; vanished: ids
    of the answers that it lacks, if they are many and nobody withdrew them."""

    model: str
    accuracy_before: float | None
    accuracy: float | None
    broken: tuple[BrokenQuestion, ...] = ()
    vanished: tuple[str, ...] = ()


class RasaStatus(_Told):
    """How the Rasa side is. model, since: the one that answers, and since when; answers: ids that it knows;
    wanted: the one of what it was taught last, by whomever; is_held: somebody put another one back, until
    that changes."""

    model: str | None = None
    since: datetime.datetime | None = None
    answers: tuple[str, ...] = ()
    wanted: str | None = None
    training: TrainingProgress | None = None
    failed: FailedModel | None = None
    refused: RefusedModel | None = None
    is_held: bool = False


class KeptModel(_Told):
    """A model that has answered. override: why it was published although it was refused. right_by: of the one
    that answers, how many of its test questions are right, and of how many, by topic and by style."""

    name: str
    made_at: datetime.datetime
    is_live: bool
    override: str | None = None
    accuracy: float | None = None
    right_by: dict[str, dict[str, tuple[int, int]]] = {}


class KeptModels(_Told):
    """The models that are kept, the newest first."""

    models: list[KeptModel]
