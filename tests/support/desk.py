"""A desk of the editors' pages over a small content/ in git, with editors of several offices."""

from __future__ import annotations

import atexit
import datetime
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from bot.content.fields import Value
from bot.content.library import Library
from bot.content.loading import load
from bot.desk.accounts import Account
from bot.desk.editing import EditingDesk, read_live
from bot.storage.database import Database
from bot.storage.editors.tables import Editor, EditorsBase
from tests.support import ROOT
from tests.support.clock import Clock
from tests.support.databases import prepared

OFFICES = """
culture:
  vi: {name: Sở Văn hóa}
  en: {name: Department of Culture}
police:
  vi: {name: Công an}
  en: {name: Police}
"""

ANSWER = """\
# Written by hand.
status: published
office: {office}  # whose it is
checked: 2026-11-01
review_by: 2027-01-01
sources:
  - title: "Nguồn"
vi:
  title: Tựa {name}
  answer: Câu trả lời về {name} của thành phố.
  questions:
    - "{name} là gì"
en:
  title: Title of {name}
  answer: The answer on {name}.
  questions:
    - "what is {name}"
"""

BY_GIT_AT = "2026-11-20T08:00:00+0700"

FOOD, MUSIC, STATION = "culture.food", "culture.music", "city.station"

LAN = Account(1, "lan", "Nguyễn Thị Lan", "lan@example.org", offices=frozenset({"culture"}))
MINH = Account(2, "minh", "Trần Minh", may_approve=True, offices=frozenset({"culture"}))
HOA = Account(3, "hoa", "Lê Hoa", may_write=True, offices=frozenset({"police"}))
CHIEF = Account(4, "chief", "Phạm An", may_write=True, may_approve=True)
READER = Account(5, "reader", "Võ Bình", may_write=False, may_approve=True)
CLERK = Account(6, "clerk", "Đỗ Chi", may_write=False, may_administer=True)
EVERYBODY = (LAN, MINH, HOA, CHIEF, READER, CLERK)


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Git", "-c", "user.email=git@example.org", "-C", str(directory)]
    dates = {"GIT_AUTHOR_DATE": BY_GIT_AT, "GIT_COMMITTER_DATE": BY_GIT_AT}
    done = subprocess.run(
        [*command, *arguments], check=True, capture_output=True, text=True, timeout=30, env=os.environ | dates
    )
    return done.stdout


def make_content(root: Path, *, in_git: bool = True) -> Path:
    """content/ with three answers of two offices; committed, if wanted. It is made once, and copied."""
    shutil.copytree(_made(in_git=in_git), root, dirs_exist_ok=True)
    return root / "content"


@cache
def _made(*, in_git: bool) -> Path:
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    root = Path(made.name)
    directory = root / "content"
    for name, office in ((FOOD, "culture"), (MUSIC, "culture"), (STATION, "police")):
        topic, _, rest = name.partition(".")
        (directory / topic).mkdir(parents=True, exist_ok=True)
        text = ANSWER.format(name=rest, office=office)
        (directory / topic / f"{rest}.yml").write_text(text, encoding="utf-8")
    (directory / "offices.yml").write_text(OFFICES, encoding="utf-8")
    shutil.copy(ROOT / "content" / "messages.yml", directory)
    if in_git:
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "First")
    return root


def by_git(directory: Path, name: str, old: str, new: str, subject: str = "By git") -> None:
    """Somebody changes a file and commits it."""
    topic, _, rest = name.partition(".")
    file = directory / topic / f"{rest}.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    git(directory, "commit", "-q", "-am", subject)


def make_tables(connection: Connection) -> None:
    """The tables, and the editors in them."""
    EditorsBase.metadata.create_all(connection)
    table: Any = Editor.__table__
    for one in EVERYBODY:
        offices = None if one.offices is None else sorted(one.offices)
        connection.execute(
            insert(table).values(
                id=one.id, name=one.name, full_name=one.full_name, email=one.email, may_write=one.may_write,
                may_approve=one.may_approve, may_administer=one.may_administer, offices=offices, totp_step=0,
                language="vi", created_at=datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC),
            )
        )  # fmt: skip


async def _with_editors(database: Database) -> None:
    await database.transact(make_tables)


@asynccontextmanager
async def open_desk(url: str, root: Path, clock: Clock, *, in_git: bool = True) -> AsyncIterator[EditingDesk]:
    """A desk that reads content/ anew each time, as the watcher would a second later."""
    directory = make_content(root, in_git=in_git)
    database = await prepared(url, _with_editors)

    def library() -> Library:
        return load(directory, now=clock()).library

    try:
        yield EditingDesk(database, directory, library, clock)
    finally:
        await database.close()


def value_of(desk: EditingDesk, name: str) -> Value:
    """What a file says now."""
    value = read_live(desk.directory, name).value
    assert value is not None
    return value


def side(value: Value, language: str) -> dict[str, Any]:
    inner = value[language]
    assert isinstance(inner, dict)
    return inner
