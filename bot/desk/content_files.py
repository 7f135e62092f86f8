"""The files of content/ as the desk reads and writes them: checked whole, written at once, committed alone.

From there on the watcher takes it, as it takes a file that somebody saved by hand.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ruamel.yaml.error import YAMLError

from bot.content.catalogue import with_entry
from bot.content.check import check
from bot.content.commits import NotCommitted, Overtaken, Person, repository_of
from bot.content.directory import CATALOGUE_FILE
from bot.content.fields import Value
from bot.content.media import MEDIA_DIRECTORY
from bot.content.ward_offices import WARDS, edit_ward_offices
from bot.content.writing import NotWritable, edit
from bot.content.yaml_file import ContentError, Finding

PICTURES_MOST = 1000
"""Files of content/media/, so that nobody fills the disk."""

REVISION_LENGTH = 16
"""Hexadecimal digits that name a version of a file."""


class NotPublished(Exception):
    """Nothing was written; says why, and what to do."""


class FileMoved(NotPublished):
    """The file is another one than the change began from; `text` is what it says now."""

    def __init__(self, text: str) -> None:
        super().__init__("the file was changed meanwhile")
        self.text = text


class Faulty(NotPublished):
    """The answer cannot be served as it is; `findings` say what to mend."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(finding.problem for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the file's text before and after, and the commit, if content/ is in git."""

    before: str
    after: str
    commit: str | None


def revision_of(data: bytes | None) -> str:
    """The name of a version of a file; "" if there is no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()[:REVISION_LENGTH]


def file_of(directory: Path, name: str) -> Path:
    """The file of an answer, by its id, or of another that is edited. `name` has been checked to be one."""
    topic, dot, rest = name.partition(".")
    return directory / topic / f"{rest}.yml" if dot else directory / f"{name}.yml"


def bytes_of(path: Path) -> bytes | None:
    """What a file has now; None if it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def findings_of(directory: Path, name: str, text: str, today: date) -> list[Finding]:
    """What is wrong with a file of content/, or to be mended in it, if it had this text; errors first.

    The directory is read as a whole, with this text in the file's place: links, offices and what other files
    say of it count.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / directory.name
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns(".*"))
        path = file_of(copy, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        found = [finding for finding in check(copy, today, name) if finding.file == path]
    return sorted(found, key=lambda finding: not finding.is_error)


def write(
    directory: Path,
    name: str,
    base_file: str,
    value: Value,
    person: Person,
    message: str,
    today: date,
    *,
    is_urgent: bool = False,
) -> Written:
    """Write a value into its file, and commit it.

    Args:
        directory: content/.
        name: of the file, as in `file_of`.
        base_file: the revision of the file that the editor began from.
        value: what the file is to say.
        person: whose change it is.
        message: of the commit.
        today: the day by which dates are judged.
        is_urgent: the value withdraws an answer, or is what is said in an emergency: no other mistake in the
            file may hold it up.

    Raises:
        FileMoved: somebody else changed the file since.
        Faulty: it would not be served.
        NotPublished: it cannot be written or committed; nothing was changed.
    """
    path = file_of(directory, name)
    with _alone(directory):
        repository = repository_of(directory)
        data = bytes_of(path)
        if revision_of(data) != base_file:
            raise FileMoved((data or b"").decode("utf-8", "replace"))
        files = {path: _edited(name, data, value)}
        if not is_urgent:
            _check(findings_of(directory, name, files[path].decode(), today))
        if data is None and (catalogue := _with_entry(directory, name, value)):
            files[directory / CATALOGUE_FILE] = catalogue
        before = {one: bytes_of(one) for one in files}
        blobs = {one: repository.blob(one) for one in files} if repository else {}
        commit = None
        try:
            for one, new in files.items():
                _replace(one, new)
            if repository:
                changes = {one: (blobs[one], new) for one, new in files.items()}
                commit = repository.commit(changes, person, message)
        except (NotCommitted, OSError) as error:
            if repository and isinstance(error, Overtaken):
                theirs = {one: repository.text_at("HEAD", one) for one in files}
                _put_back(
                    {one: text.encode() if text else before[one] for one, text in theirs.items()}, files
                )
                raise FileMoved(theirs[path] or "") from error
            _put_back(before, files)
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise NotPublished(f"Nothing was published: {reason}.") from error
        return Written((data or b"").decode(), files[path].decode(), commit)


def write_picture(directory: Path, name: str, data: bytes, person: Person, message: str) -> None:
    """Put a picture into content/media/, and commit it. It is shown once an answer that is live names it.

    Raises:
        NotPublished: it cannot be written or committed, or there are too many.
    """
    path = directory / MEDIA_DIRECTORY / name
    with _alone(directory):
        if bytes_of(path) == data:
            return
        if path.parent.is_symlink() or sum(1 for _ in path.parent.glob("*")) >= PICTURES_MOST:
            raise NotPublished(f"content/{MEDIA_DIRECTORY} is a link, or has {PICTURES_MOST} pictures.")
        repository = repository_of(directory)
        try:
            _replace(path, data)
            if repository:
                repository.commit({path: (repository.blob(path), data)}, person, message)
        except (NotCommitted, OSError) as error:
            _put_back({path: None}, {path: data})
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise NotPublished(f"The picture was not kept: {reason}.") from error


def _check(findings: list[Finding]) -> None:
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise Faulty(errors)


def edited(name: str, text: str, value: Value) -> str:
    """The text of a file with another value. Raises NotWritable, ContentError, YAMLError."""
    return edit_ward_offices(text, value) if name == WARDS else edit(text, value)


def _edited(name: str, data: bytes | None, value: Value) -> bytes:
    try:
        return edited(name, (data or b"").decode(), value).encode()
    except (NotWritable, ContentError, YAMLError, UnicodeDecodeError) as error:
        raise NotPublished(f"Nothing was published, for the file cannot be written: {error}.") from error


def _with_entry(directory: Path, name: str, value: Mapping[str, object]) -> bytes | None:
    """catalogue.yml with a line for a new answer; None if it needs none."""
    data = bytes_of(directory / CATALOGUE_FILE)
    if data is None or "." not in name or value.get("status") != "published":
        return None
    english = value.get("en")
    title = str(english.get("title", name)) if isinstance(english, dict) else name
    return with_entry(data.decode(), name, title).encode()


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One writer of ours at a time, whatever process it is in. Raises NotPublished."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise NotPublished(f"{directory} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, data: bytes) -> None:
    """Put a file in another one's place: whoever reads it gets the one or the other, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as new:
        new.write(data)
        new.flush()
        os.fsync(new.fileno())
    if path.exists():
        shutil.copymode(path, part)
    part.replace(path)


def _put_back(before: Mapping[Path, bytes | None], written: Mapping[Path, bytes]) -> None:
    """Undo what was written; a file that somebody changed meanwhile is theirs."""
    for path, data in before.items():
        if bytes_of(path) != written[path]:
            continue
        with contextlib.suppress(OSError):
            if data is None:
                path.unlink()
            else:
                _replace(path, data)
