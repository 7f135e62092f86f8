"""From the files of content/ to the snapshot that is served."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.content.answer_file import answer_in
from bot.content.bulletins import Bulletin
from bot.content.bulletins_file import read_bulletins
from bot.content.directory import BULLETINS_FILE, MESSAGES_FILE, OFFICES_FILE, WARDS_FILE, listing
from bot.content.emergency_withdrawal import unless_unpublished
from bot.content.library import Library
from bot.content.links import dead_links
from bot.content.messages import Messages
from bot.content.messages_file import read_messages
from bot.content.offices_file import read_offices
from bot.content.schema import Answer, Office
from bot.content.wards import Wards
from bot.content.wards_file import read_wards
from bot.content.yaml_file import ContentError, Finding, YamlFile, decode, parse_yaml, read_bytes
from bot.domain.clock import utc_now

GONE_MOST = 0.1
"""Share of the answers that may be deleted at once, if more than one."""


@dataclass(frozen=True)
class LoadedContent:
    """A snapshot with the files that it was made of.

    files: what each answer was read from, by id; offices.yml, messages.yml, wards.yml and
    bulletins.yml by their names.
    kept: names in `files` whose file has an error now, so that an earlier version is served.
    findings: what is wrong with the files of the directory.
    """

    library: Library
    files: Mapping[str, YamlFile] = field(repr=False)
    kept: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)


def load(
    directory: Path, served: LoadedContent | None = None, *, now: datetime.datetime | None = None
) -> LoadedContent:
    """Load content/.

    Args:
        directory: the editors' directory.
        served: the version in use. A file that has an error keeps its place in it, so that one
            slip neither stops the other changes nor takes an answer away; unless that file says
            that the answer is not to be served any longer. So do files of which nobody can tell
            whether they are there, and many that are gone at once.
        now: the moment for which the library is wanted, if it is not this one.

    Raises:
        ContentError: messages.yml or offices.yml cannot be used and there is no version in use,
            or nothing is left to serve.
    """
    return _Loading(directory, served).loaded(now or utc_now())


class _Loading:
    """A directory that is being read: what was found in it up to now."""

    def __init__(self, directory: Path, served: LoadedContent | None) -> None:
        self._directory = directory
        self._served = served
        self._listing = listing(directory)
        self._findings = self._listing.findings
        self._files: dict[str, YamlFile] = {}
        self._kept: set[str] = set()
        self._answers: dict[str, Answer] = {}
        self._offices: dict[str, Office] = {}
        self._faulty_offices: frozenset[str] = frozenset()

    def loaded(self, now: datetime.datetime) -> LoadedContent:
        """All of it. Raises ContentError as `load` does."""
        messages = self._read_messages()
        self._read_offices()
        wards = self._read_wards()
        bulletins = self._read_bulletins()
        faulty = self._read_answers()
        self._keep_missed()
        self._findings += dead_links(self._answers, self._files, self._kept, faulty, self._listing.unreadable)
        if not self._answers:
            nothing = Finding(self._directory, 1, "", "no answer was found in this directory")
            raise ContentError(self._findings or [nothing])
        answers = {answer_id: self._answers[answer_id] for answer_id in sorted(self._answers, key=_place)}
        library = Library(answers, self._offices, messages, now, wards=wards, bulletins=bulletins)
        return LoadedContent(library, self._files, frozenset(self._kept), self._findings)

    def _read_messages(self) -> Messages:
        in_use = self._served.library.messages if self._served else None
        try:
            messages, file, findings = read_messages(self._directory / MESSAGES_FILE, in_use)
        except (FileNotFoundError, ContentError) as error:
            return self._in_use_instead(MESSAGES_FILE, error).messages
        self._files[MESSAGES_FILE] = file
        self._findings += findings
        if any(finding.is_error for finding in findings):
            self._kept.add(MESSAGES_FILE)
        return messages

    def _read_offices(self) -> None:
        in_use = self._served.library.offices if self._served else {}
        try:
            offices = read_offices(self._directory / OFFICES_FILE, in_use)
        except (FileNotFoundError, ContentError) as error:
            self._offices = dict(self._in_use_instead(OFFICES_FILE, error).offices)
            return
        self._offices, self._faulty_offices = offices.by_id, offices.faulty
        self._files[OFFICES_FILE] = offices.file
        self._findings += offices.findings
        if offices.faulty and self._served:
            self._files[OFFICES_FILE] = self._served.files[OFFICES_FILE]
            self._kept.add(OFFICES_FILE)

    def _read_wards(self) -> Wards | None:
        """The table, or the one in use where the file cannot be used; None if there never was one."""
        in_use = self._served.library.wards if self._served else None
        try:
            wards, file = read_wards(self._directory / WARDS_FILE)
        except FileNotFoundError as error:
            return self._in_use_instead(WARDS_FILE, error).wards if in_use else None
        except ContentError as error:
            if in_use:
                return self._in_use_instead(WARDS_FILE, error).wards
            self._findings += error.findings
            return None
        self._files[WARDS_FILE] = file
        self._findings += file.warnings
        return wards

    def _read_bulletins(self) -> Mapping[str, Bulletin]:
        """The bulletins, or those in use where the file cannot be used; none if there never was one."""
        try:
            bulletins, file = read_bulletins(self._directory / BULLETINS_FILE)
        except FileNotFoundError:  # it may be deleted: then there are none any more
            return {}
        except ContentError as error:
            if self._served and BULLETINS_FILE in self._served.files:
                return self._in_use_instead(BULLETINS_FILE, error).bulletins
            self._findings += error.findings
            return {}
        self._files[BULLETINS_FILE] = file
        self._findings += file.warnings
        return bulletins

    def _in_use_instead(self, name: str, error: FileNotFoundError | ContentError) -> Library:
        """The library in use, from which what a file says is taken since it cannot be used.

        Raises:
            ContentError: there is none.
        """
        problem = (
            error
            if isinstance(error, ContentError)
            else ContentError([Finding(self._directory / name, 1, "", "this file is missing")])
        )
        if self._served is None:
            raise problem from error
        self._findings += problem.findings
        self._files[name] = self._served.files[name]
        self._kept.add(name)
        return self._served.library

    def _read_answers(self) -> set[str]:
        """Read each answer's file; the ids of those that have an error."""
        faulty: set[str] = set()
        for answer_id, path in self._listing.answers.items():
            data = b""
            try:
                data = read_bytes(path)
                file = parse_yaml(path, decode(path, data))
                self._answers[answer_id] = answer_in(file, answer_id, self._offices, self._faulty_offices)
                self._files[answer_id] = file
                self._findings += file.warnings
            except FileNotFoundError:  # removed since the directory was listed
                continue
            except Exception as error:  # whatever it is, it is this file's and harms no other
                self._findings += _findings_of(error, path)
                faulty.add(answer_id)
                self._keep(answer_id, data)
        return faulty

    def _keep_missed(self) -> None:
        """Serve answers on whose files are not found, and the offices of all that was kept."""
        if self._served is None:
            return
        for answer_id in self._missed(self._served.library):
            self._keep(answer_id)
        for answer in self._answers.values():
            if answer.office not in self._offices:  # of an answer that was kept
                self._offices[answer.office] = self._served.library.offices[answer.office]

    def _keep(self, answer_id: str, data: bytes = b"") -> None:
        """Serve the version in use of an answer, if there is one; `data` is what its file holds now."""
        if self._served and (answer := self._served.library.answers.get(answer_id)):
            self._kept.add(answer_id)
            kept = unless_unpublished(answer, self._served.files[answer_id], data)
            self._answers[answer_id], self._files[answer_id] = kept

    def _missed(self, served: Library) -> list[str]:
        """The answers in use that are served on although their files are not found.

        Nobody can tell what is in a folder that cannot be read. And so many answers are not deleted on
        purpose: a drive is not there, or a folder was moved.
        """
        unknown = [
            answer.id
            for answer in served.answers.values()
            if answer.id not in self._answers and answer.topic in self._listing.unreadable
        ]
        superseded = {older for answer in self._answers.values() for older in answer.supersedes}
        missing = [
            answer_id
            for answer_id in served.answers
            if answer_id not in self._answers and answer_id not in unknown and answer_id not in superseded
        ]
        shown = {answer.id for answer in served.answers.values() if served.published(answer.id) is answer}
        gone = [answer_id for answer_id in missing if answer_id in shown]
        if len(gone) <= max(1, len(shown) * GONE_MOST):
            return unknown
        problem = (
            f"{len(gone)} answers are gone at once ({', '.join(gone[:3])}, ...), so they are still served: "
            "put the files back. To take answers away, set `status: withdrawn`; withdrawn ones may be deleted"
        )
        self._findings.append(Finding(self._directory, 1, "", problem))
        return [*unknown, *missing]


def _place(answer_id: str) -> tuple[str, str]:
    """Sorts ids as their files are."""
    topic, _, name = answer_id.partition(".")
    return topic, f"{name}.yml"


def _findings_of(error: Exception, path: Path) -> list[Finding]:
    if isinstance(error, ContentError):
        return error.findings
    return [Finding(path, 1, "", f"this file cannot be used ({type(error).__name__})")]
