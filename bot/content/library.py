"""The content library: content/ loaded, checked as a whole, and looked up by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from bot.content.messages import Messages
from bot.content.schema import TOPICS, Answer, Office, Status
from bot.content.yaml_file import ContentError, Finding, KeyPath, YamlFile, read_yaml

MESSAGES_FILE = "messages.yml"
OFFICES_FILE = "offices.yml"


@dataclass(frozen=True, slots=True)
class Library:
    """Everything the bot can say, as one consistent version.

    answers: by id, whatever their status; files: the file each was read from, for the check.
    """

    answers: Mapping[str, Answer]
    offices: Mapping[str, Office]
    messages: Messages
    files: Mapping[str, YamlFile] = field(repr=False)

    def published(self, answer_id: str | None) -> Answer | None:
        """The answer, if it is there and may be served."""
        answer = self.answers.get(answer_id or "")
        return answer if answer and answer.status is Status.PUBLISHED else None

    def of_topic(self, topic: str) -> list[Answer]:
        """The published answers of one topic, in the order of their file names."""
        return [
            answer
            for answer in self.answers.values()
            if answer.topic == topic and answer.status is Status.PUBLISHED
        ]

    def office_of(self, answer: Answer) -> Office:
        """Who answers for an answer. Loading has made sure that it is there."""
        return self.offices[answer.office]


def load(directory: Path, served: Library | None = None) -> tuple[Library, list[Finding]]:
    """Load content/.

    Args:
        directory: the editors' directory.
        served: the version in use. A file that has an error keeps its place in it, so that one
            slip neither stops the other changes nor takes an answer away.

    Returns:
        The library, and what is wrong with the files that did not make it.

    Raises:
        ContentError: messages.yml or offices.yml cannot be used and there is no version in use,
            or nothing is left to serve.
    """
    findings: list[Finding] = []
    messages = _read_messages(directory / MESSAGES_FILE, served, findings)
    offices = _read_offices(directory / OFFICES_FILE, served, findings)
    answers: dict[str, Answer] = {}
    files: dict[str, YamlFile] = {}
    for path in _answer_files(directory, findings):
        answer_id = f"{path.parent.name}.{path.stem}"
        try:
            file = read_yaml(path)
            answer = _answer(file, answer_id, offices)
        except ContentError as error:
            findings += error.findings
            if served and answer_id in served.answers:
                answers[answer_id] = served.answers[answer_id]
                files[answer_id] = served.files[answer_id]
            continue
        answers[answer_id], files[answer_id] = answer, file
    findings += _dead_links(answers, files)
    if not answers:
        raise ContentError(findings or [Finding(directory, 1, "", "no answer was found in this directory")])
    return Library(answers, offices, messages, files), findings


def _answer_files(directory: Path, findings: list[Finding]) -> list[Path]:
    """The files of the topics' folders; a stray one is a finding."""
    files: list[Path] = []
    for path in sorted(directory.rglob("*.y*ml")):
        if path.parent == directory and path.name in (MESSAGES_FILE, OFFICES_FILE):
            continue
        if path.parent.parent == directory and path.parent.name in TOPICS and path.suffix == ".yml":
            files.append(path)
        else:
            expected = f"an answer stands in <topic>/<id>.yml; topics: {', '.join(TOPICS)}"
            findings.append(Finding(path, 1, "", expected))
    return files


def _answer(file: YamlFile, answer_id: str, offices: Mapping[str, Office]) -> Answer:
    if not isinstance(file.value, dict):
        raise ContentError([file.finding((), "this file is empty or not a list of keys")])
    if "id" in file.value:
        raise ContentError([file.finding(("id",), "the id is the file's name; leave this key out")])
    try:
        answer = Answer.model_validate({**file.value, "id": answer_id})
    except ValidationError as error:
        raise file.invalid(error.errors()) from error
    if answer.office not in offices:
        raise ContentError([file.finding(("office",), f"{answer.office} is not in {OFFICES_FILE}")])
    return answer


def _dead_links(answers: Mapping[str, Answer], files: Mapping[str, YamlFile]) -> list[Finding]:
    """`related` links that lead nowhere or to the answer itself.

    They are errors for the editor; whoever shows links leaves out what is not published.
    """
    findings = []
    for answer in answers.values():
        for position, related in enumerate(answer.related):
            key: KeyPath = ("related", position)
            if related == answer.id:
                findings.append(files[answer.id].finding(key, "an answer is not related to itself"))
            elif related not in answers:
                findings.append(files[answer.id].finding(key, f"there is no answer {related}"))
    return findings


def _read_messages(path: Path, served: Library | None, findings: list[Finding]) -> Messages:
    try:
        file = read_yaml(path)
        return Messages.model_validate(file.value)
    except FileNotFoundError as error:
        problem = ContentError([Finding(path, 1, "", "this file is missing")])
        problem.__cause__ = error
    except ValidationError as error:
        problem = file.invalid(error.errors())
    except ContentError as error:
        problem = error
    if served is None:
        raise problem
    findings += problem.findings
    return served.messages


def _read_offices(path: Path, served: Library | None, findings: list[Finding]) -> dict[str, Office]:
    offices = dict(served.offices) if served else {}
    try:
        file = read_yaml(path)
    except FileNotFoundError:
        findings.append(Finding(path, 1, "", "this file is missing"))
        return offices
    except ContentError as error:
        findings += error.findings
        return offices
    if not isinstance(file.value, dict):
        findings.append(Finding(path, 1, "", "this file is empty or not a list of offices"))
        return offices
    for office_id, value in file.value.items():
        try:
            offices[office_id] = Office.model_validate(value)
        except ValidationError as error:
            for detail in error.errors():
                detail["loc"] = (office_id, *detail["loc"])
                findings += file.invalid([detail]).findings
    return offices
