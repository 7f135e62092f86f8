"""What the desk of the editors' pages has at hand, and what is refused at it.

The work itself is done by functions of the rooms beside this one, which get the desk and whose account it is:
`answers` lists, `drafting` opens and saves, `review` submits and approves, `publications` publishes and
withdraws.
"""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import httpx
import yaml

from bot.content.commits import repository_of
from bot.content.fields import Value, as_value
from bot.content.library import Library
from bot.content.ward_offices import WARDS, ward_offices
from bot.content.yaml_file import ContentError, decode, parse_yaml
from bot.desk.accounts import Account
from bot.desk.bot_reader import BotReader
from bot.desk.content_files import bytes_of, file_of, revision_of
from bot.domain.answer import TOPICS
from bot.domain.clock import Clock, local_day, utc_now
from bot.storage.backend import Work
from bot.storage.database import Database
from bot.storage.editors import publications

OFFICES, MESSAGES, BULLETINS = "offices", "messages", "bulletins"
FILES = frozenset({OFFICES, WARDS, MESSAGES, BULLETINS})
"""The names of what is edited beside answers."""

BY_OFFICE = frozenset({OFFICES, WARDS})
"""Those in which each entry is an office's; a ward's authority is called by the ward's code."""

WHOLE_CITY = "*"
"""Stands in place of an office where something is every office's; only who may work for all may touch it."""

HISTORY_MOST = 50
"""Commits that are looked through for the version that somebody began from."""

_ID = re.compile(rf"(?:{'|'.join(TOPICS)})\.[a-z0-9]+(?:-[a-z0-9]+)*")

R = TypeVar("R")


class Right(StrEnum):
    """What somebody wants to do with an answer that is not public."""

    SEE = "see"
    WRITE = "write"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend. field: its path, empty for the whole; key: of the phrase that says so, with what
    is filled in in it, by name; message: the same in English."""

    field: str
    key: str
    message: str
    values: tuple[tuple[str, str], ...] = ()
    is_error: bool = True


class Refused(Exception):
    """It is not done, and nothing was changed. key: of the phrase that says why, with its values; problems:
    what to mend first."""

    def __init__(self, key: str, message: str, problems: Iterable[Problem] = (), **values: str) -> None:
        super().__init__(message)
        self.key = key
        self.problems = tuple(problems)
        self.values = values


class NotFound(Refused):
    """There is nothing of this name."""

    def __init__(self) -> None:
        super().__init__("not_found", "There is nothing of this name.")


class NotYours(Refused):
    """The account has not the right."""

    def __init__(self) -> None:
        super().__init__("not_yours", "Your account may not do this for this office.")


@dataclass(frozen=True, slots=True)
class Live:
    """A file of content/ as it is now. value: None if there is none, or nobody can read it."""

    name: str
    text: str | None
    revision: str
    value: Value | None


@dataclass(frozen=True)
class EditingDesk:
    """What editors work with.

    database: of the editors' pages. directory: content/. library: gives the version that is served now.
    rasa: a connection to the Rasa side, if it can be asked. bot: the bot's own database; bot_http: a
    connection to the bot, which says how it is.
    """

    database: Database
    directory: Path
    library: Callable[[], Library]
    clock: Clock = utc_now
    rasa: httpx.AsyncClient | None = None
    bot: BotReader | None = None
    bot_http: httpx.AsyncClient | None = None

    @property
    def today(self) -> datetime.date:
        """The day it is in Cần Thơ."""
        return local_day(self.clock())

    async def transact(self, work: Work[R]) -> R:
        """Do something in one transaction on the editors' database. Raises DatabaseAway."""
        return await self.database.transact(work)

    async def live(self, name: str) -> Live:
        """A file as it is now; `name` is an answer's id or one of FILES. Raises NotFound."""
        check_name(name)
        return await asyncio.to_thread(read_live, self.directory, name)

    async def value_of_file(self, name: str, revision: str) -> Value | None:
        """What a file said in a version, where that can be found: now, in git, in what was published."""
        if not revision:
            return {}
        texts = await self.transact(lambda connection: publications.text_with(connection, name))
        return await asyncio.to_thread(_value_of_revision, self.directory, name, revision, texts)


def check_name(name: str) -> None:
    """Raises NotFound if nothing can be called so. What passes is safe in a path."""
    if name not in FILES and not (len(name) <= 128 and _ID.fullmatch(name)):
        raise NotFound


def offices_of(name: str, *values: Mapping[str, object] | None) -> frozenset[str]:
    """The offices whose work it is to make one of these values into another.

    An answer is its office's, and if it changes hands, both offices'; of the files of BY_OFFICE each entry is
    that office's; the sentences and the bulletins are the whole city's.
    """
    if name in {MESSAGES, BULLETINS}:
        return frozenset({WHOLE_CITY})
    if name in BY_OFFICE:
        there = [value for value in values if value is not None]
        keys = {key for value in there for key in value}
        return frozenset(key for key in keys if len({repr(_entry(one, key)) for one in there}) > 1)
    known = [value for value in values if value]
    return frozenset(str(value.get("office") or WHOLE_CITY) for value in known or [{}])


def _entry(value: Mapping[str, object], key: str) -> object:
    """One office's entry; an empty one says as little as none."""
    return value.get(key) or None


def may(account: Account, right: Right, offices: Iterable[str]) -> bool:
    """Whether an account has a right for all of these offices; if there is none, for any at all."""
    if account.is_disabled:
        return False
    has = {Right.SEE: account.may_see, Right.WRITE: account.may_change, Right.APPROVE: account.may_let_go_out}
    kinds = {
        Right.SEE: account.may_write or account.may_approve,
        Right.WRITE: account.may_write,
        Right.APPROVE: account.may_approve,
    }
    return kinds[right] and all(has[right](office) for office in offices)


def may_with(account: Account, right: Right, name: str, *values: Mapping[str, object] | None) -> bool:
    """Whether an account has a right for making one of these values of a file into another. How to reach the
    offices is for everybody to see who works here."""
    is_open = name in BY_OFFICE and right is Right.SEE
    return may(account, right, () if is_open else offices_of(name, *values))


def check_may(account: Account, right: Right, name: str, *values: Mapping[str, object] | None) -> None:
    """Raises NotYours if an account has not a right, as `may_with` tells it."""
    if not may_with(account, right, name, *values):
        raise NotYours


def read_live(directory: Path, name: str) -> Live:
    """A file as it is now. `name` has been checked."""
    data = bytes_of(file_of(directory, name))
    text = data.decode("utf-8", "replace") if data is not None else None
    if name == BULLETINS and all(
        line.startswith("#") or not line.strip() for line in (text or "").split("\n")
    ):
        # There is none yet; the first one makes the file.
        return Live(name, text or "", revision_of(data), {})
    return Live(name, text, revision_of(data), value_of_text(name, text) if text is not None else None)


def value_of_text(name: str, text: str) -> Value | None:
    """What a file's text says, of the wards only their offices; None if that cannot be read."""
    try:
        value = as_value(parse_yaml(Path("file.yml"), decode(Path("file.yml"), text.encode())).value)
    except (ContentError, yaml.YAMLError, ValueError):
        return None
    if not isinstance(value, dict):
        return None
    return ward_offices(value) if name == WARDS else value


def _value_of_revision(directory: Path, name: str, revision: str, texts: Iterable[str]) -> Value | None:
    live = read_live(directory, name)
    if live.revision == revision:
        return live.value
    for text in texts:
        if revision_of(text.encode()) == revision:
            return value_of_text(name, text)
    path, repository = file_of(directory, name), repository_of(directory)
    for change in repository.history(path, HISTORY_MOST) if repository else []:
        older = repository.text_at(change.commit, path) if repository else None
        if older is not None and revision_of(older.encode()) == revision:
            return value_of_text(name, older)
    return None
