"""GET /api/content: what is live, what is in training and how far, what was refused and why."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.content.library import Library
from bot.content.watch import Watch
from bot.content.yaml_file import Finding
from bot.desk import plain
from bot.rasa.status import Status, Training
from bot.rasa.sync import Teacher

PATH = "/api/content"

Clock = Callable[[], datetime.datetime]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Content(_Body):
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


class LiveModel(_Body):
    """The model that understands questions. is_current: it is of the questions that are in content/ now."""

    name: str
    since: AwareDatetime | None
    age_seconds: int | None
    is_current: bool


class Refusal(_Body):
    """A model that was made and does not answer. problems: why, a sentence each."""

    model: str
    accuracy_before: float | None
    accuracy: float | None
    problems: tuple[str, ...]


class Failure(_Body):
    """A model that could not be made; the log says why. advice: what happened and what to do, where it is not
    tried again."""

    model: str
    advice: str | None


class Mistake(_Body):
    """Something to mend in a file. serves: what is served of that file meanwhile."""

    file: str
    line: int
    key: str
    problem: str
    serves: Literal["this version", "the last good version", "nothing"]


class Report(_Body):
    """The body of GET /api/content. model is null while there is none, or the Rasa side is out of reach."""

    content: Content
    model: LiveModel | None
    training: Training | None
    refused: Refusal | None
    failed: Failure | None
    mistakes: tuple[Mistake, ...]


def report_route(watch: Watch, teacher: Teacher, clock: Clock) -> Route:
    """The route of the report."""

    async def answer(_request: Request) -> Response:
        body = report(watch, teacher, clock()).model_dump_json(indent=2)
        return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")

    return Route(PATH, answer)


def report(watch: Watch, teacher: Teacher, now: datetime.datetime) -> Report:
    """How things are now."""
    library, status = watch.library(), teacher.status or Status()
    served = [answer for answer in library.answers.values() if library.published(answer.id) is answer]
    since = status.since
    return Report(
        content=Content(
            version=library.version,
            commit=library.commit.name if library.commit else None,
            is_changed=library.commit is not None and library.version != library.commit.name,
            digest=library.digest,
            since=watch.since,
            age_seconds=_seconds(now - watch.since),
            answers=len(served),
        ),
        model=LiveModel(
            name=status.model,
            since=since,
            age_seconds=_seconds(now - since) if since else None,
            is_current=status.model == (teacher.wanted or status.wanted),
        )
        if status.model
        else None,
        training=status.training,
        refused=Refusal(
            model=status.refused.model,
            accuracy_before=status.refused.accuracy_before,
            accuracy=status.refused.accuracy,
            problems=tuple(plain.refusal(status.refused, library, is_public=True)),
        )
        if status.refused
        else None,
        failed=Failure(model=status.failed.model, advice=status.failed.advice) if status.failed else None,
        mistakes=tuple(_mistake(finding, library, watch.directory) for finding in watch.findings),
    )


def _mistake(finding: Finding, library: Library, directory: Path) -> Mistake:
    """A finding; its file as seen from the editors' directory, for paths of the machine are nobody's."""
    inside = finding.file.is_relative_to(directory)
    file = finding.file.relative_to(directory) if inside else Path(finding.file.name)
    name = file.name if file.parent == Path() else f"{file.parent.name}.{file.stem}"
    serves: Literal["this version", "the last good version", "nothing"] = "nothing"
    if name in library.kept or any(kept.startswith(f"{name}.") for kept in library.kept) or file == Path():
        serves = "the last good version"
    elif name in library.files:
        serves = "this version"
    return Mistake(
        file=file.as_posix(), line=finding.line, key=finding.key, problem=finding.problem, serves=serves
    )


def _seconds(age: datetime.timedelta) -> int:
    return max(0, int(age.total_seconds()))
