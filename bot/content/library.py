"""The content library: content/ loaded, checked as a whole, and looked up by id."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from bot.content.directory import MESSAGES_FILE, OFFICES_FILE, Listing, listing
from bot.content.messages import Messages, Notice
from bot.content.messages_file import read_messages
from bot.content.schema import MARK, Answer, Office, Status
from bot.content.version import LENGTH, Commit
from bot.content.withdrawal import taken_back
from bot.content.yaml_file import (
    FINDINGS_MOST,
    ContentError,
    Finding,
    KeyPath,
    YamlFile,
    decode,
    parse_yaml,
    read_bytes,
    read_yaml,
)
from bot.domain.answer import TOPICS

GONE_MOST = 0.1
"""Share of the answers that may be deleted at once, if more than one."""

_STATUS = re.compile(r"(status[\"']?\s*:\s*[\"']?)\w+")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Library:
    """Everything the bot can say, as one consistent version, at one moment of its schedule.

    answers: by id, whatever their status.
    files: what each was read from, by id; offices.yml and messages.yml by their names.
    kept: names in `files` whose file has an error now, so that an earlier version is served.
    now: the moment.
    commit: the one that the directory is at, if it is in a git repository.
    """

    answers: Mapping[str, Answer]
    offices: Mapping[str, Office]
    messages: Messages
    files: Mapping[str, YamlFile] = field(repr=False)
    kept: frozenset[str] = frozenset()
    now: datetime.datetime = field(default_factory=_now)
    commit: Commit | None = None

    @property
    def version(self) -> str:
        """What this version is called: commit, commit+digest if it was changed since, or digest."""
        if self.commit is None:
            return self.digest
        is_changed = self.commit.is_changed or bool(self.kept)
        return f"{self.commit.name}+{self.digest}" if is_changed else self.commit.name

    def at(self, now: datetime.datetime) -> Library:
        """The same version at another moment."""
        return replace(self, now=now)

    @cached_property
    def until(self) -> datetime.datetime | None:
        """When its schedule changes next, if it does."""
        moments = [
            moment
            for answer in self.answers.values()
            for moment in (answer.publish_at, answer.withdraw_at)
            if answer.status is Status.PUBLISHED
        ]
        if notice := self.messages.notice:
            moments += [notice.start, notice.until]
        return min((moment for moment in moments if moment and moment > self.now), default=None)

    @property
    def notice(self) -> Notice | None:
        """What everybody is told first now, if there is something."""
        notice = self.messages.notice
        return notice if notice and notice.is_on(self.now) else None

    def published(self, answer_id: str | None) -> Answer | None:
        """What is served for an id, if anything is: its answer, or the one that supersedes it.

        In place of one whose time has not come, it is the one that it will supersede.
        """
        waiting, seen = [answer_id], set()
        while waiting:
            answer = self._lead(waiting.pop(0))
            if answer and self.status(answer) is Status.PUBLISHED:
                return answer
            if answer and self.is_scheduled(answer) and answer.id not in seen:
                seen.add(answer.id)
                waiting += answer.supersedes
        return None

    def withdrawn(self, answer_id: str | None) -> Answer | None:
        """The withdrawn answer to which an id leads, if it does."""
        answer = self._lead(answer_id)
        return answer if answer and self.status(answer) is Status.WITHDRAWN else None

    def tells_of(self, answer_id: str) -> bool:
        """Whether there is something to say to whoever asks for this id."""
        return bool(self.published(answer_id) or self.withdrawn(answer_id))

    def successor(self, answer: Answer) -> Answer | None:
        """What is served in place of a withdrawn answer, if anything is."""
        return self.published(self._newer.get(answer.id))

    def of_topic(self, topic: str) -> list[Answer]:
        """What is served of one topic, in the order of the file names."""
        return [
            answer
            for answer in self.answers.values()
            if answer.topic == topic and self.published(answer.id) is answer
        ]

    def taught(self) -> list[Answer]:
        """What a model has to know: what is served, and ahead of its time what will be."""
        return [
            answer
            for answer in self.answers.values()
            if self.published(answer.id) is answer or self.is_scheduled(answer)
        ]

    def status(self, answer: Answer) -> Status:
        """An answer's status now."""
        return answer.status_at(self.now)

    def is_scheduled(self, answer: Answer) -> bool:
        """Whether an answer is published ahead of its time."""
        return answer.status is Status.PUBLISHED and self.status(answer) is Status.IN_REVIEW

    def _lead(self, answer_id: str | None) -> Answer | None:
        """The answer to which an id leads: along `supersedes`, but no further than to a withdrawn one."""
        seen: set[str] = set()
        while answer_id:
            answer = self.answers.get(answer_id)
            is_withdrawn = answer and self.status(answer) is Status.WITHDRAWN
            seen.add(answer_id)
            newer = self._newer.get(answer_id)
            if is_withdrawn or newer is None or newer in seen:
                return answer
            answer_id = newer
        return None

    @cached_property
    def _newer(self) -> Mapping[str, str]:
        """By the id of what is superseded now: what supersedes it. A withdrawn answer does so no
        longer if the older one is published itself."""
        found: dict[str, str] = {}
        for answer in self.answers.values():
            for older in answer.supersedes:
                status, own = self.status(answer), self.answers.get(older)
                is_back = own and self.status(own) is Status.PUBLISHED
                if status is Status.PUBLISHED or (status is Status.WITHDRAWN and not is_back):
                    found[older] = answer.id
        return found

    def office_of(self, answer: Answer) -> Office:
        """Who answers for an answer. Loading has made sure that it is there."""
        return self.offices[answer.office]

    @cached_property
    def digest(self) -> str:
        """A name for what is said here, whatever files it came from."""
        digest = hashlib.sha256()
        for name, part in [*self.answers.items(), *self.offices.items(), ("", self.messages)]:
            digest.update(f"{name}\0{part.model_dump_json()}\0".encode())
        return digest.hexdigest()[:LENGTH]


def load(
    directory: Path, served: Library | None = None, *, now: datetime.datetime | None = None
) -> tuple[Library, list[Finding]]:
    """Load content/.

    Args:
        directory: the editors' directory.
        served: the version in use. A file that has an error keeps its place in it, so that one
            slip neither stops the other changes nor takes an answer away; unless that file says
            that the answer is not to be served any longer. So do files of which nobody can tell
            whether they are there, and many that are gone at once.
        now: the moment for which the library is wanted, if it is not this one.

    Returns:
        The library, and what is wrong with the files that did not make it.

    Raises:
        ContentError: messages.yml or offices.yml cannot be used and there is no version in use,
            or nothing is left to serve.
    """
    lying = listing(directory)
    findings = lying.findings
    files: dict[str, YamlFile] = {}
    kept: set[str] = set()
    messages = _read_messages(directory / MESSAGES_FILE, served, files, kept, findings)
    offices, faulty_offices = _read_offices(directory / OFFICES_FILE, served, files, kept, findings)
    answers: dict[str, Answer] = {}
    faulty: set[str] = set()
    for answer_id, path in lying.answers.items():
        data = b""
        try:
            data = read_bytes(path)
            file = parse_yaml(path, decode(path, data))
            answers[answer_id], files[answer_id] = _answer(file, answer_id, offices, faulty_offices), file
            findings += file.warnings
        except FileNotFoundError:  # removed since the directory was listed
            continue
        except Exception as error:  # whatever it is, it is this file's and harms no other
            findings += _findings_of(error, path)
            faulty.add(answer_id)
            if served and answer_id in served.answers:
                kept.add(answer_id)
                answers[answer_id], files[answer_id] = _unless_taken_back(served, answer_id, data)
    if served:
        for answer_id in _missed(served, answers, lying, directory, findings):
            kept.add(answer_id)
            answers[answer_id], files[answer_id] = served.answers[answer_id], served.files[answer_id]
    for answer in answers.values():
        if served and answer.office not in offices:  # of an answer that was kept
            offices[answer.office] = served.offices[answer.office]
    findings += _dead_links(answers, files, kept, faulty, lying.unreadable)
    if not answers:
        raise ContentError(findings or [Finding(directory, 1, "", "no answer was found in this directory")])
    answers = {answer_id: answers[answer_id] for answer_id in sorted(answers, key=_place)}
    return Library(answers, offices, messages, files, frozenset(kept), now or _now()), findings


def _place(answer_id: str) -> tuple[str, str]:
    """Sorts ids as their files are."""
    topic, _, name = answer_id.partition(".")
    return topic, f"{name}.yml"


def _findings_of(error: Exception, path: Path) -> list[Finding]:
    if isinstance(error, ContentError):
        return error.findings
    return [Finding(path, 1, "", f"this file cannot be used ({type(error).__name__})")]


def _missed(
    served: Library,
    answers: Mapping[str, Answer],
    lying: Listing,
    directory: Path,
    findings: list[Finding],
) -> list[str]:
    """The answers in use that are served on although their files are not found.

    Nobody can tell what is in a folder that cannot be read. And so many answers are not deleted on
    purpose: a drive is not there, or a folder was moved.
    """
    unknown = [
        answer.id
        for answer in served.answers.values()
        if answer.id not in answers and answer.topic in lying.unreadable
    ]
    superseded = {older for answer in answers.values() for older in answer.supersedes}
    missing = [
        answer_id
        for answer_id in served.answers
        if answer_id not in answers and answer_id not in unknown and answer_id not in superseded
    ]
    shown = {answer.id for answer in served.answers.values() if served.published(answer.id) is answer}
    gone = [answer_id for answer_id in missing if answer_id in shown]
    if len(gone) <= max(1, len(shown) * GONE_MOST):
        return unknown
    problem = (
        f"{len(gone)} answers are gone at once ({', '.join(gone[:3])}, ...), so they are still served: put "
        "the files back. To take answers away, set `status: withdrawn`; withdrawn ones may be deleted"
    )
    findings.append(Finding(directory, 1, "", problem))
    return [*unknown, *missing]


def _unless_taken_back(served: Library, answer_id: str, data: bytes) -> tuple[Answer, YamlFile]:
    """The version in use of an answer whose file has an error, with the status that the file gives:
    whoever withdraws an answer in a hurry must not be held up by a slip."""
    answer, file = served.answers[answer_id], served.files[answer_id]
    status = taken_back(data)
    if status is None:
        return answer, file
    rows = file.text.split("\n")
    row = file.line_of(("status",)) - 1
    rows[row] = _STATUS.sub(rf"\g<1>{status}", rows[row], count=1)  # so that its copy is not served later
    return answer.model_copy(update={"status": status}), replace(file, text="\n".join(rows))


def _answer(
    file: YamlFile, answer_id: str, offices: Mapping[str, Office], faulty_offices: Collection[str]
) -> Answer:
    if not isinstance(file.value, dict):
        raise ContentError([file.finding((), "this file is empty or not a list of keys")])
    if "id" in file.value:
        raise ContentError([file.finding(("id",), "the id is the file's name; leave this key out")])
    try:
        answer = Answer.model_validate({**file.value, "id": answer_id})
    except ValidationError as error:
        raise file.invalid(error.errors()) from error
    if answer.office in faulty_offices and answer.office not in offices:
        raise ContentError([])  # the finding is that of the office
    if answer.office not in offices:
        raise ContentError([file.finding(("office",), f"{answer.office} is not in {OFFICES_FILE}")])
    if answer.status is Status.PUBLISHED and (unfilled := list(_unfilled(file.value))):
        raise ContentError([file.finding(key, f"fill this in, in place of {MARK}") for key in unfilled])
    return answer


def _unfilled(value: object, key: KeyPath = ()) -> Iterator[KeyPath]:
    """Where a new file's marks still stand."""
    if isinstance(value, str) and MARK in value:
        yield key
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unfilled(inner, (*key, str(name)))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _unfilled(inner, (*key, position))


def _dead_links(
    answers: Mapping[str, Answer],
    files: Mapping[str, YamlFile],
    kept: set[str],
    faulty: set[str],
    unreadable: set[str],
) -> list[Finding]:
    """`related` links that lead nowhere or to the answer itself, and `supersedes` in a circle.

    They are errors for the editor; whoever shows links leaves out what is not published. A link to
    an answer whose own file has an error is none: that file is to be mended, not those that link.
    """
    superseded = {older for answer in answers.values() for older in answer.supersedes}
    findings: list[Finding] = []
    for answer in answers.values():
        if answer.id in kept:  # the lines would be those of the earlier version
            continue
        file = files[answer.id]
        for position, related in enumerate(answer.related):
            key: KeyPath = ("related", position)
            if related == answer.id:
                findings.append(file.finding(key, "an answer is not related to itself"))
            elif related.partition(".")[0] in unreadable:
                continue
            elif related not in answers and related not in superseded and related not in faulty:
                findings.append(file.finding(key, f"there is no answer {related}"))
        for position, older in enumerate(answer.supersedes):
            key = ("supersedes", position)
            if older.partition(".")[0] not in TOPICS:
                findings.append(file.finding(key, f"{older} is no answer; topics: {', '.join(TOPICS)}"))
            elif answer.id in _all_superseded(older, answers) | {older}:
                findings.append(file.finding(key, "an answer does not supersede itself, nor in a circle"))
    return findings


def _all_superseded(answer_id: str, answers: Mapping[str, Answer]) -> set[str]:
    """What an answer supersedes, and what that does, and so on."""
    found: set[str] = set()
    waiting = [answer_id]
    while waiting:
        answer = answers.get(waiting.pop())
        older = set(answer.supersedes if answer else ()) - found
        found |= older
        waiting += older
    return found


def _read_messages(
    path: Path,
    served: Library | None,
    files: dict[str, YamlFile],
    kept: set[str],
    findings: list[Finding],
) -> Messages:
    try:
        messages, files[MESSAGES_FILE], found = read_messages(path, served.messages if served else None)
    except FileNotFoundError as error:
        problem = ContentError([_missing(path)])
        problem.__cause__ = error
    except ContentError as error:
        problem = error
    else:
        findings += found
        if any(finding.is_error for finding in found):
            kept.add(MESSAGES_FILE)
        return messages
    if served is None:
        raise problem
    findings += problem.findings
    kept.add(MESSAGES_FILE)
    files[MESSAGES_FILE] = served.files[MESSAGES_FILE]
    return served.messages


def _read_offices(
    path: Path,
    served: Library | None,
    files: dict[str, YamlFile],
    kept: set[str],
    findings: list[Finding],
) -> tuple[dict[str, Office], set[str]]:
    """The offices, of the version in use where the file, or one of its entries, cannot be used; and
    the names of those entries."""
    in_use = dict(served.offices) if served else {}
    offices: dict[str, Office] = {}
    wrong: dict[str, list[Finding]] = {}
    try:
        file = read_yaml(path)
        if not isinstance(file.value, dict):
            raise ContentError([Finding(path, 1, "", "this file is empty or not a list of offices")])
    except (FileNotFoundError, ContentError) as error:
        problem = error if isinstance(error, ContentError) else ContentError([_missing(path)])
        if served is None:
            raise problem from error
        findings += problem.findings
        files[OFFICES_FILE] = served.files[OFFICES_FILE]
        kept.add(OFFICES_FILE)
        return in_use, set()
    findings += file.warnings
    for name, value in file.value.items():
        office_id = str(name)
        try:
            offices[office_id] = Office.model_validate(value)
        except ValidationError as error:
            details = error.errors()
            for detail in details:
                detail["loc"] = (office_id, *detail["loc"])
            wrong[office_id] = file.invalid(details).findings
            if office_id in in_use:
                offices[office_id] = in_use[office_id]
    files[OFFICES_FILE] = file
    if wrong:
        findings += [finding for found in wrong.values() for finding in found][:FINDINGS_MOST]
        if served:
            files[OFFICES_FILE] = served.files[OFFICES_FILE]
            kept.add(OFFICES_FILE)
    return offices, set(wrong)


def _missing(path: Path) -> Finding:
    return Finding(path, 1, "", "this file is missing")
