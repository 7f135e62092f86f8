"""Backups of an SQLite database, made while it is used. PostgreSQL has its own: docs/operators.md."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from bot.domain.errors import UserError
from bot.storage.database import Database, is_sqlite
from bot.storage.editors import MIGRATIONS as EDITORS_MIGRATIONS
from bot.storage.editors.tables import EditorsBase
from bot.storage.errors import DatabaseUnusable
from bot.storage.schema import MIGRATIONS, migrate


@dataclass(frozen=True, slots=True)
class BackupKind:
    """A database, and what of it lasts.

    migrations: lead to its tables. mark: a table that only such a database has. left_out: which rows of which
    tables are in no backup, as an SQL condition. stays: a table that a restore leaves as the database has it.
    """

    migrations: Path
    mark: str
    left_out: Mapping[str, str]
    stays: str | None = None


EVERY_ROW = "TRUE"

BOT = BackupKind(
    migrations=MIGRATIONS,
    mark="inbox",
    left_out={
        # What is under way just now; tomorrow it would be answered a second time.
        "inbox": "answered_at IS NULL",
        "chat": EVERY_ROW,
        "web_reply": EVERY_ROW,
        "zalo_options": EVERY_ROW,
        "uploaded_picture": EVERY_ROW,
        "picture_text": EVERY_ROW,
        # Zalo's tokens. Each pair makes the one before worthless.
        "zalo_account": EVERY_ROW,
    },
    stays="zalo_account",
)

EDITORS = BackupKind(
    migrations=EDITORS_MIGRATIONS,
    mark="editor",
    left_out={
        table.name: EVERY_ROW
        for table in EditorsBase.metadata.sorted_tables
        if not table.info["personal_data"].in_backup
    },
)


class NoBackup(UserError):
    """There is no backup to be made, or restored; says why."""


def back_up(database_url: str, file: Path, kind: BackupKind = BOT) -> None:
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
                for table, rows in kind.left_out.items():
                    copy.execute(f"DELETE FROM {table} WHERE {rows}")  # noqa: S608  (our own names)
            copy.execute("VACUUM")  # what was deleted is gone from the file, too
        part.rename(file)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise NoBackup(f"No backup was made: {error}.") from error


async def restore(database_url: str, file: Path, kind: BackupKind = BOT) -> bool:
    """Put a backup in the database's place, in one transaction; brought up to date, if it is an older one.

    Zalo's tokens stay as the bot's database has them: those are newer than any backup.

    Returns:
        Whether there is something that stayed.

    Raises:
        NoBackup: why it was not restored; nothing was changed.
    """
    database = _file_of(database_url)
    part = database.with_name(f"{database.name}.restoring")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(file, part, kind)
        restored = Database(f"sqlite:///{part}")
        try:
            await migrate(restored, kind.migrations)
        finally:
            await restored.close()
        with closing(sqlite3.connect(part)) as new, closing(sqlite3.connect(database, timeout=30)) as old:
            has_stayed = _keep(kind.stays, old, new) if kind.stays else False
            new.backup(old)
    except (OSError, sqlite3.Error, DatabaseUnusable) as error:
        raise NoBackup(f"{file} was not restored: {error}.") from error
    finally:
        for left in database.parent.glob(f"{part.name}*"):
            left.unlink()
    return has_stayed


def _file_of(database_url: str) -> Path:
    url = make_url(database_url)
    if not is_sqlite(url):
        raise NoBackup(
            "This database is PostgreSQL: pg_dump and pg_restore do it, as docs/operators.md says."
        )
    return Path(str(url.database))


def _copy(file: Path, to: Path, kind: BackupKind) -> None:
    """Copy a backup. Raises NoBackup if it is none of this kind, or damaged."""
    if not file.is_file():
        raise NoBackup(f"There is no file {file}.")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.execute("SELECT version_num FROM alembic_version").fetchone()
            source.execute(f"SELECT 1 FROM {kind.mark} LIMIT 1")  # noqa: S608
            if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise NoBackup(f"{file} is damaged; nothing was restored.")
            os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(to)) as copy:
                source.backup(copy)
    except sqlite3.DatabaseError as error:
        raise NoBackup(f"{file} is no backup of this database, or damaged; nothing was restored.") from error


def _keep(table: str, old: sqlite3.Connection, new: sqlite3.Connection) -> bool:
    """Give the new database the rows of a table of the old one, and none else; whether there are any."""
    with new:
        new.execute(f"DELETE FROM {table}")  # noqa: S608
        if not old.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return False
        found = old.execute(f"SELECT * FROM {table}")  # noqa: S608
        columns = [column[0] for column in found.description]
        rows = found.fetchall()
        marks = ", ".join("?" * len(columns))
        new.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
    return bool(rows)
