"""When each answer was published first and changed last, by the history of the files in git.

What counts is what people read: a question more, from which the model learns, changes no answer.
"""

from __future__ import annotations

import datetime
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bot.content.git import run_git_for_bytes
from bot.content.library import Dates
from bot.domain.answer import TOPICS
from bot.domain.clock import local_day

_PUBLISHED = re.compile(rb"^status:\s*[\"']?published\b", re.MULTILINE)
_NOT_READ = re.compile(rb"^  questions:.*\n(?:(?:   .*)?\n)*", re.MULTILINE)
"""The questions of one language: the lines below their key that are indented further, or blank."""

_CHANGE = re.compile(rb":\d+ \d+ [0-9a-f]+ (?P<blob>[0-9a-f]+) [AMD]\d*\t(?P<path>.+)")
_GONE = re.compile(rb"0+")


@dataclass(frozen=True, slots=True)
class _Version:
    """What a commit made of a file."""

    day: datetime.date
    blob: bytes


def dates_in_git(directory: Path) -> Mapping[str, Dates]:
    """The dates of the answers by id; none without git, or if it takes too long."""
    try:
        versions = _versions(run_git_for_bytes(
            directory, "--no-optional-locks", "log", "--reverse", "--format=%x01%ct", "--raw", "--no-abbrev",
            "--no-renames", "--relative", "--", *TOPICS,
        ))  # fmt: skip
        wanted = {version.blob for of_one in versions.values() for version in of_one}
        names = b"\n".join(sorted(wanted))
        texts = dict(_texts(run_git_for_bytes(directory, "cat-file", "--batch", stdin=names)))
    except (OSError, subprocess.SubprocessError):
        return {}
    found = ((answer_id, _dates(of_one, texts)) for answer_id, of_one in versions.items())
    return {answer_id: dates for answer_id, dates in found if dates}


def _versions(log: bytes) -> Mapping[str, list[_Version]]:
    """The versions of each answer's file, the oldest first, from git's log."""
    found: dict[str, list[_Version]] = defaultdict(list)
    day = datetime.date.min
    for line in log.splitlines():
        if line.startswith(b"\x01"):
            day = local_day(datetime.datetime.fromtimestamp(int(line[1:]), datetime.UTC))
        elif (change := _CHANGE.fullmatch(line)) and not _GONE.fullmatch(change["blob"]):
            path = Path(change["path"].decode("utf-8", "replace"))
            found[f"{path.parent.name}.{path.stem}"].append(_Version(day, change["blob"]))
    return found


def _texts(batch: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The contents that `git cat-file --batch` printed, by their names."""
    place = 0
    while place < len(batch):
        end = batch.index(b"\n", place)
        name, *kind = batch[place:end].split()
        place = end + 1
        if len(kind) == 2:  # else it is missing, as in a clone without all blobs
            size = int(kind[1])
            yield name, batch[place : place + size]
            place += size + 1


def _dates(versions: list[_Version], texts: Mapping[bytes, bytes]) -> Dates | None:
    """When a file's answer was first published and last changed; None if it never was."""
    dates, before = None, b""
    for version in versions:
        text = texts.get(version.blob, b"")
        if not _PUBLISHED.search(text):
            continue
        shown = sha256(_NOT_READ.sub(b"", text)).digest()
        if dates is None:
            dates = Dates(version.day, version.day)
        elif shown != before:
            dates = Dates(dates.published, version.day)
        before = shown
    return dates
