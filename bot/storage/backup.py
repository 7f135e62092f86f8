"""Backups of an SQLite database, made while the bot runs. PostgreSQL has its own: docs/operators.md."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from bot.domain.errors import UserError
from bot.storage.database import Database, is_sqlite
from bot.storage.errors import DatabaseUnusable
from bot.storage.schema import migrate

PASSING = ("chat", "web_reply", "zalo_options")
"""Tables of what is under way just now; tomorrow it would be answered a second time."""

ACCOUNT = "zalo_account"
"""Zalo's tokens. Each pair makes the one before worthless, so they are in no backup."""


class NoBackup(UserError):
    """There is no backup to be made, or restored; says why."""


def back_up(database_url: str, file: Path) -> None:
    """Write what lasts in the database into a new file, which only its owner can read.

    Raises:
        NoBackup: why not.
    """
    database = _file_of(database_url)
    if not database.exists():
        raise NoBackup(f"There is no database {database} yet.")
    if file.exists():
        raise NoBackup(f"{file} is there already; a backup never takes another one's place.")
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, whole in itself
            with copy:
                copy.execute("DELETE FROM inbox WHERE answered_at IS NULL")
                for table in (*PASSING, ACCOUNT):
                    copy.execute(f"DELETE FROM {table}")  # noqa: S608  (our own names)
            copy.execute("VACUUM")  # what was deleted is gone from the file, too
        part.rename(file)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise NoBackup(f"No backup was made: {error}.") from error


async def restore(database_url: str, file: Path) -> bool:
    """Put a backup in the database's place, in one transaction; brought up to date, if it is an older one.

    Zalo's tokens stay as the database has them: those are newer than any backup.

    Returns:
        Whether there are tokens.

    Raises:
        NoBackup: why it was not restored; nothing was changed.
    """
    database = _file_of(database_url)
    part = database.with_name(f"{database.name}.restoring")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(file, part)
        restored = Database(f"sqlite:///{part}")
        try:
            await migrate(restored)
        finally:
            await restored.close()
        with closing(sqlite3.connect(part)) as new, closing(sqlite3.connect(database, timeout=30)) as old:
            has_tokens = _keep_account(old, new)
            new.backup(old)
    except (OSError, sqlite3.Error, DatabaseUnusable) as error:
        raise NoBackup(f"{file} was not restored: {error}.") from error
    finally:
        for left in database.parent.glob(f"{part.name}*"):
            left.unlink()
    return has_tokens


def _file_of(database_url: str) -> Path:
    url = make_url(database_url)
    if not is_sqlite(url):
        raise NoBackup(
            "This database is PostgreSQL: pg_dump and pg_restore do it, as docs/operators.md says."
        )
    return Path(str(url.database))


def _copy(file: Path, to: Path) -> None:
    """Copy a backup. Raises NoBackup if it is none, or damaged."""
    if not file.is_file():
        raise NoBackup(f"There is no file {file}.")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("SELECT version_num FROM alembic_version").fetchone()
            if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise NoBackup(f"{file} is damaged; nothing was restored.")
            os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(to)) as copy:
                source.backup(copy)
    except sqlite3.DatabaseError as error:
        raise NoBackup(f"{file} is no backup of the bot, or damaged; nothing was restored.") from error


def _keep_account(old: sqlite3.Connection, new: sqlite3.Connection) -> bool:
    """Give the new database the tokens of the old one, and none else; whether there are any."""
    with new:
        new.execute(f"DELETE FROM {ACCOUNT}")  # noqa: S608
        if not old.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (ACCOUNT,)).fetchone():
            return False
        found = old.execute(f"SELECT * FROM {ACCOUNT}")  # noqa: S608
        columns = [column[0] for column in found.description]
        rows = found.fetchall()
        marks = ", ".join("?" * len(columns))
        new.executemany(f"INSERT INTO {ACCOUNT} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
    return bool(rows)
