"""The models that are kept: a file of Rasa's each, beside it what is known of it, and which one is live.

The trainer puts models here, and runners take them from here.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from nlu.paths import MODELS

KEPT = 5
_LIVE = MODELS / "live.json"


@dataclass(frozen=True)
class Broken:
    """A question that a model does not get right; the fields are those of GET /status."""

    question: str
    language: str
    expected: str | None
    got: str | None
    competing: list[str]


@dataclass(frozen=True)
class ValidationVerdict:
    """What a model's validation comes to.

    accuracy, accuracy_before: the share of the questions that are right, with this model and with the live
    one, of those that both were asked. Without any, accuracy is that of all and accuracy_before is None.
    broken: what speaks against the model; empty if nothing does.
    """

    accuracy: float
    accuracy_before: float | None
    broken: list[Broken] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether the model must not take the place of the live one."""
        return bool(self.broken)


@dataclass(frozen=True)
class Model:
    """What is known of a model.

    made_at, live_at: ISO times; live_at is None for one that was never live.
    override: why it went live in spite of its validation.
    right: for each question of its validation, whether it was right.
    verdict: of its validation.
    answers: ids that it can answer with.
    digest: of its file; None if that was not kept yet.
    """

    name: str
    made_at: str
    live_at: str | None = None
    override: str | None = None
    right: dict[str, bool] = field(default_factory=dict)
    verdict: ValidationVerdict | None = None
    answers: tuple[str, ...] = ()
    digest: str | None = None

    @property
    def accuracy(self) -> float | None:
        """Share of the questions of its validation that were right."""
        return sum(self.right.values()) / len(self.right) if self.right else None

    @property
    def is_refused(self) -> bool:
        """Whether its validation speaks against it."""
        return self.verdict is not None and self.verdict.is_refused


@dataclass(frozen=True)
class Live:
    """name: the model that answers, since when (ISO time). held_against: after it was put back, the training
    data that it is to be kept in spite of, by its fingerprint."""

    name: str
    since: str
    held_against: str | None = None


def now() -> str:
    """This moment as an ISO time."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def file_of(name: str) -> Path:
    """Rasa's file of a model."""
    return MODELS / f"{name}.tar.gz"


def find(name: str) -> Model | None:
    """What is known of a model; None if it is not kept."""
    if not re.fullmatch(r"[0-9a-f]{12}", name) or not file_of(name).exists():
        return None
    try:
        stored = json.loads(_record(name).read_text(encoding="utf-8"))
        if verdict := stored["verdict"]:
            verdict |= {"broken": [Broken(**broken) for broken in verdict["broken"]]}
            stored |= {"verdict": ValidationVerdict(**verdict)}
        return Model(**{**stored, "answers": tuple(stored.get("answers", ()))})
    except (OSError, ValueError, TypeError, KeyError):
        return None  # half written, or by another version: as if it had not been made


def keep(name: str, right: dict[str, bool], verdict: ValidationVerdict, answers: Iterable[str]) -> Model:
    """Keep what is known of a new model, whose file is there; see Model."""
    digest = _digest(file_of(name))
    return _save(Model(name, now(), None, None, right, verdict, tuple(sorted(answers)), digest))


def is_damaged(model: Model) -> bool:
    """Whether a model's file is not what was made."""
    return model.digest is not None and model.digest != _digest(file_of(model.name))


def set_aside(name: str) -> None:
    """Have a model no more. Its file stays until the next one, for whoever looks what is wrong with it."""
    for older in MODELS.glob("*.damaged"):
        older.unlink()
    file_of(name).rename(MODELS / f"{name}.damaged")
    _record(name).unlink(missing_ok=True)


def went_live(model: Model, *, override: str | None = None, held_against: str | None = None) -> Live:
    """Remember that a model answers now, and let go of the oldest ones."""
    live = Live(model.name, now(), held_against)
    _save(replace(model, live_at=live.since, override=override or model.override))
    _write(_LIVE, asdict(live))
    _drop_old(live.name)
    return live


def live() -> Live | None:
    """The model that answered last."""
    try:
        return Live(**json.loads(_LIVE.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_held_against(data: str) -> bool:
    """Whether a model was put back in spite of this training data, by its fingerprint."""
    now_live = live()
    return now_live is not None and now_live.held_against == data


def kept() -> list[Model]:
    """The models that have been live, newest first."""
    return [model for model in _all() if model.live_at]


def _all() -> list[Model]:
    models = [find(file.name.removesuffix(".tar.gz")) for file in MODELS.glob("*.tar.gz")]
    return sorted(filter(None, models), key=lambda model: model.made_at, reverse=True)


def _drop_old(current: str) -> None:
    """Those that were never live go, too: what refused them is history."""
    others = [model for model in kept() if model.name != current]
    stay = {current, *(model.name for model in others[: KEPT - 1])}
    for file in MODELS.glob("*.tar.gz"):
        name = file.name.removesuffix(".tar.gz")
        if name not in stay:
            file.unlink()
            _record(name).unlink(missing_ok=True)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(2**20):
            digest.update(part)
    return digest.hexdigest()


def _record(name: str) -> Path:
    return MODELS / f"{name}.json"


def _save(model: Model) -> Model:
    _write(_record(model.name), asdict(model))
    return model


def _write(path: Path, value: dict[str, Any]) -> None:
    half = path.with_suffix(".part")
    half.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    half.replace(path)
