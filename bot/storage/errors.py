"""How the database fails, and how to tell one failure from another."""

from __future__ import annotations

import sqlite3

from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.domain.errors import UserError


class DatabaseAway(Exception):
    """The database cannot be used just now; the same may work in a moment. Says why, nothing of values."""


class DatabaseUnusable(UserError):
    """The database cannot be used as it is; says why in one sentence, without a password."""


class Unwritable(ValueError):
    """The database takes this message neither now nor later; its sender has to know, or it is dropped."""


def is_away(error: Exception) -> bool:
    """Whether an error says that the database is not usable just now, and not that a statement was wrong."""
    if isinstance(error, (DatabaseAway, OSError, TimeoutError, PoolTimeout)):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, (IntegrityError, ProgrammingError)):
        return False
    # What SQLite calls an error, and nothing more, is one of ours: there is no such table.
    is_ours = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return not is_ours and not is_of_values(error)


def is_of_values(error: Exception) -> bool:
    """Whether an error says that a value can never be written: a NUL for PostgreSQL, half a character."""
    if isinstance(error, (IntegrityError, DataError)):
        return True
    orig = error.orig if isinstance(error, StatementError) else error
    cause = orig.__cause__ if orig else None
    # 22: of the values, as PostgreSQL tells.
    is_refused = sqlstate(error).startswith("22")
    return is_refused or any(isinstance(one, (ValueError, TypeError, OverflowError)) for one in (orig, cause))


def sqlstate(error: Exception) -> str:
    """PostgreSQL's five-letter code of an error; empty if it is not one of PostgreSQL's."""
    orig = error.orig if isinstance(error, StatementError) else error
    return getattr(orig.__cause__ if orig else None, "sqlstate", None) or ""


def unusable(url: URL, error: Exception) -> DatabaseUnusable:
    """Why a database cannot be used, for whoever set DATABASE_URL."""
    if isinstance(error, DatabaseUnusable):
        return error
    if isinstance(error, DatabaseAway) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    cause = getattr(error, "orig", None) or error
    reason = str(cause) or type(cause).__name__
    if isinstance(cause, TimeoutError):
        reason = "it does not answer"
    elif isinstance(cause, CommandError):
        reason = "it was written by another version of the bot"
    for secret in {url.password, str(url.password or "")} - {None, ""}:
        reason = reason.replace(str(secret), "***")
    return DatabaseUnusable(f"The database of the setting DATABASE_URL cannot be used: {_sentence(reason)}")


def _sentence(reason: str) -> str:
    return f"{' '.join(reason.split()).rstrip('.')}."
