"""The editors' directory, in which anything may lie: what of it is read, and what is not and why."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from bot.content.media import MEDIA_DIRECTORY
from bot.content.yaml_file import FINDINGS_MOST, Finding
from bot.domain.answer import TOPICS

MESSAGES_FILE = "messages.yml"
OFFICES_FILE = "offices.yml"
WARDS_FILE = "wards.yml"
BULLETINS_FILE = "bulletins.yml"
LAWS_FILE = "replaced_laws.yml"
CATALOGUE_FILE = "catalogue.yml"
LICENCE_FILE = "LICENSE.md"

_PASSED_OVER = re.compile(
    r"\..*|.*~|~\$.*|#.*#|.*\.(sw[a-p]|bak|tmp|part|orig|rej)|thumbs\.db|desktop\.ini|__macosx|@eadir",
    re.IGNORECASE | re.DOTALL,
)
"""Hidden files, and what editor programs, git and file managers leave behind."""

_NOT_AN_ID = re.compile(r"(\.ya?ml)?(\.txt)?\s*$", re.IGNORECASE)


@dataclass
class Listing:
    """What lies in the directory.

    answers: the files of the answers, by id.
    unreadable: the topics of which nobody can tell which files they have.
    findings: what is not read.
    """

    answers: dict[str, Path] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def listing(directory: Path) -> Listing:
    """Look through the directory and its topics' folders, no deeper."""
    found = Listing()
    try:
        entries = _entries(directory)
    except FileNotFoundError:
        return found
    except OSError as error:
        found.unreadable.update(TOPICS)
        found.findings.append(_unreadable(directory, error))
        return found
    known = {
        *TOPICS, MESSAGES_FILE, OFFICES_FILE, WARDS_FILE, BULLETINS_FILE, LAWS_FILE, CATALOGUE_FILE,
        LICENCE_FILE, MEDIA_DIRECTORY,
    }  # fmt: skip
    others = [path for path in entries if path.name not in known]
    found.findings += [_not_read(path) for path in others[:FINDINGS_MOST]]
    for path in entries:
        if path.name in TOPICS:
            _add_topic(path, found)
    return found


def look(directory: Path) -> list[Path]:
    """Everything on whose state it depends what `listing` and reading find."""
    paths = [directory]
    for folder in (directory, *(directory / topic for topic in TOPICS)):
        try:
            paths += _entries(folder)
        except OSError:  # not there, or not to be read; if that changes, its own state does
            continue
    return paths


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, by name, without what is passed over.

    Raises:
        OSError: it cannot be listed.
    """
    return sorted(folder / name for name in os.listdir(folder) if not _PASSED_OVER.fullmatch(name))


def _add_topic(folder: Path, found: Listing) -> None:
    try:
        entries = _entries(folder)
    except FileNotFoundError:
        if not folder.is_symlink():  # it was removed this moment
            return
        found.unreadable.add(folder.name)
        found.findings.append(Finding(folder, 1, "", "this is a link that leads nowhere"))
        return
    except OSError as error:
        found.unreadable.add(folder.name)
        found.findings.append(_unreadable(folder, error))
        return
    answers = [path for path in entries if path.suffix == ".yml" and path.name.isprintable()]
    others = sorted(set(entries) - set(answers))
    found.answers |= {f"{folder.name}.{path.stem}": path for path in answers}
    found.findings += [_not_read(path) for path in others[:FINDINGS_MOST]]


def _unreadable(folder: Path, error: OSError) -> Finding:
    problem = f"this folder cannot be read ({error.strerror}); what it had before is still served"
    return Finding(folder, 1, "", problem)


def _not_read(path: Path) -> Finding:
    problem = f"an answer stands in <topic>/<id>.yml; topics: {', '.join(TOPICS)}"
    name = _NOT_AN_ID.sub("", path.name)
    if path.parent.name in TOPICS and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        wanted = path.with_name(f"{name}.yml")
        if not wanted.exists():
            problem += f". This is not read; if it is {path.parent.name}.{name}, name it {wanted.name}"
    return Finding(path.with_name(_readable(path.name)), 1, "", problem)


def _readable(name: str) -> str:
    """A name that can be shown: what is no UTF-8, or no letter, as \\x1b."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
