"""The editors' report: what is live, what is in training and how far, what was refused and why."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.content.loading import LoadedContent
from bot.content.watcher import ContentWatcher
from bot.content.yaml_file import Finding
from bot.desk.refusal import problems
from bot.rasa.status import RasaStatus, TrainingProgress
from bot.rasa.sync import ModelSync

PATH = "/api/content"
"""Where the running bot tells its report."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LiveContent(_Part):
    """The words that are live.

    version: as replies name it; commit: if content/ is in a git repository, with is_changed for
    whether something is served that is not committed; digest: of what is served, wherever it came from.
    since, age_seconds: when it became live; answers: how many are served.
    """

    version: str
    commit: str | None
    is_changed: bool
    digest: str
    since: AwareDatetime
    age_seconds: int
    answers: int


class LiveModel(_Part):
    """The model that understands questions. is_current: it is of the questions that are in content/ now."""

    name: str
    since: AwareDatetime | None
    age_seconds: int | None
    is_current: bool


class Refusal(_Part):
    """A model that was made and does not answer. problems: why, a sentence each."""

    model: str
    accuracy_before: float | None
    accuracy: float | None
    problems: tuple[str, ...]


class TrainingFailure(_Part):
    """A model that could not be made; the log says why. advice: what happened and what to do, where it is not
    tried again."""

    model: str
    advice: str | None


class Mistake(_Part):
    """Something to mend in a file. serves: what is served of that file meanwhile."""

    file: str
    line: int
    key: str
    problem: str
    serves: Literal["this version", "the last good version", "nothing"]


class Report(_Part):
    """The body of GET /api/content. model is null while there is none, or the Rasa side is out of reach."""

    content: LiveContent
    model: LiveModel | None
    training: TrainingProgress | None
    refused: Refusal | None
    failed: TrainingFailure | None
    mistakes: tuple[Mistake, ...]


def report(watcher: ContentWatcher, model_sync: ModelSync, now: datetime.datetime) -> Report:
    """How things are now."""
    library, status = watcher.library(), model_sync.status or RasaStatus()
    served = [answer for answer in library.answers.values() if library.published(answer.id) is answer]
    since = status.since
    return Report(
        content=LiveContent(
            version=library.version,
            commit=library.commit.name if library.commit else None,
            is_changed=library.commit is not None and library.version != library.commit.name,
            digest=library.digest,
            since=watcher.since,
            age_seconds=_seconds(now - watcher.since),
            answers=len(served),
        ),
        model=LiveModel(
            name=status.model,
            since=since,
            age_seconds=_seconds(now - since) if since else None,
            is_current=status.model == (model_sync.wanted or status.wanted),
        )
        if status.model
        else None,
        training=status.training,
        refused=Refusal(
            model=status.refused.model,
            accuracy_before=status.refused.accuracy_before,
            accuracy=status.refused.accuracy,
            problems=tuple(problems(status.refused, library, is_public=True)),
        )
        if status.refused
        else None,
        failed=TrainingFailure(model=status.failed.model, advice=status.failed.advice)
        if status.failed
        else None,
        mistakes=tuple(_mistake(finding, watcher.content, watcher.directory) for finding in watcher.findings),
    )


def _mistake(finding: Finding, content: LoadedContent, directory: Path) -> Mistake:
    """A finding; its file as seen from the editors' directory, for paths of the machine are nobody's."""
    inside = finding.file.is_relative_to(directory)
    file = finding.file.relative_to(directory) if inside else Path(finding.file.name)
    name = file.name if file.parent == Path() else f"{file.parent.name}.{file.stem}"
    serves: Literal["this version", "the last good version", "nothing"] = "nothing"
    if name in content.kept or any(kept.startswith(f"{name}.") for kept in content.kept) or file == Path():
        serves = "the last good version"
    elif name in content.files:
        serves = "this version"
    return Mistake(
        file=file.as_posix(), line=finding.line, key=finding.key, problem=finding.problem, serves=serves
    )


def _seconds(age: datetime.timedelta) -> int:
    return max(0, int(age.total_seconds()))
