"""What was written into content/ from the editors' pages, and who answers for it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from bot.storage.editors.tables import Publication

_PUBLICATION: Any = Publication.__table__


class PublicationKind(StrEnum):
    """What was done."""

    PUBLISH = "publish"
    SCHEDULE = "schedule"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class StoredPublication:
    """A file that was written; `id` is 0 until it is stored.

    changed_by: ids of everybody who had a hand in the text. reason: why it went out before somebody else
    had looked; looked_at, looked_by: who looked later.
    """

    answer_id: str
    at: datetime.datetime
    editor_id: int
    changed_by: tuple[int, ...]
    kind: PublicationKind
    note: str
    before: str
    after: str
    commit: str | None
    approved_by: int | None = None
    reason: str | None = None
    looked_at: datetime.datetime | None = None
    looked_by: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """How many publications there were, and how many of them went out before somebody else had looked."""

    all: int
    early: int


def add(connection: Connection, publication: StoredPublication) -> int:
    """Write down a publication; its id."""
    names = (
        "answer_id",
        "at",
        "editor_id",
        "kind",
        "note",
        "before",
        "after",
        "commit",
        "approved_by",
        "reason",
    )
    values = {name: getattr(publication, name) for name in names}
    made = connection.execute(
        insert(_PUBLICATION)
        .values(**values, changed_by=list(publication.changed_by))
        .returning(_PUBLICATION.c.id)
    )
    return int(made.scalar_one())


def of(connection: Connection, answer_id: str) -> list[StoredPublication]:
    """The publications of an answer, the newest first."""
    query = select(_PUBLICATION).where(_PUBLICATION.c.answer_id == answer_id)
    return [_stored(row) for row in connection.execute(query.order_by(_PUBLICATION.c.id.desc()))]


def find(connection: Connection, publication_id: int) -> StoredPublication | None:
    """A publication by its id."""
    row = connection.execute(select(_PUBLICATION).where(_PUBLICATION.c.id == publication_id)).one_or_none()
    return _stored(row) if row else None


def not_looked_at(connection: Connection) -> list[StoredPublication]:
    """What went out before somebody else had looked, and nobody has since; the oldest first."""
    query = select(_PUBLICATION).where(_PUBLICATION.c.reason.is_not(None), _PUBLICATION.c.looked_at.is_(None))
    return [_stored(row) for row in connection.execute(query.order_by(_PUBLICATION.c.id))]


def look(connection: Connection, publication_id: int, editor_id: int, now: datetime.datetime) -> bool:
    """Somebody else has looked; whether they are the first."""
    mine = update(_PUBLICATION).where(_PUBLICATION.c.id == publication_id, _PUBLICATION.c.looked_at.is_(None))
    return connection.execute(mine.values(looked_at=now, looked_by=editor_id)).rowcount == 1


def newest(connection: Connection) -> datetime.datetime | None:
    """When something went out last."""
    return connection.execute(select(func.max(_PUBLICATION.c.at))).scalar()


def not_understood(connection: Connection, since: datetime.datetime) -> dict[int, datetime.datetime]:
    """What went out since a moment and is not known to be understood: by id, when it did."""
    query = select(_PUBLICATION.c.id, _PUBLICATION.c.at).where(
        _PUBLICATION.c.at >= since, _PUBLICATION.c.understood_at.is_(None)
    )
    return {row.id: row.at for row in connection.execute(query)}


def understood(connection: Connection, moments: Mapping[int, datetime.datetime]) -> None:
    """Write down since when publications are understood, by id."""
    for publication_id, moment in moments.items():
        mine = update(_PUBLICATION).where(_PUBLICATION.c.id == publication_id)
        connection.execute(mine.values(understood_at=moment))


def learned(
    connection: Connection, begin: datetime.datetime, end: datetime.datetime
) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
    """What went out between two moments, the oldest first: its file, when, and since when it is
    understood."""
    query = (
        select(_PUBLICATION.c.answer_id, _PUBLICATION.c.at, _PUBLICATION.c.understood_at)
        .where(
            _PUBLICATION.c.at >= begin,
            _PUBLICATION.c.at < end,
            _PUBLICATION.c.kind.in_([PublicationKind.PUBLISH, PublicationKind.REPLACE]),
        )
        .order_by(_PUBLICATION.c.id)
    )
    return [(row.answer_id, row.at, row.understood_at) for row in connection.execute(query)]


def share(connection: Connection, since: datetime.datetime) -> Share:
    """How many went out since a moment; withdrawals do not count."""
    query = select(func.count(), func.count(_PUBLICATION.c.reason)).where(
        _PUBLICATION.c.at >= since,
        _PUBLICATION.c.kind.in_([PublicationKind.PUBLISH, PublicationKind.SCHEDULE]),
    )
    everything, early = connection.execute(query).one()
    return Share(everything, early)


def text_with(connection: Connection, answer_id: str) -> list[str]:
    """Every text that a file had before or after a publication."""
    query = select(_PUBLICATION.c.before, _PUBLICATION.c.after).where(
        _PUBLICATION.c.answer_id == answer_id, or_(_PUBLICATION.c.before != "", _PUBLICATION.c.after != "")
    )
    return [text for row in connection.execute(query) for text in row]


def _stored(row: Row[Any]) -> StoredPublication:
    return StoredPublication(
        row.answer_id, row.at, row.editor_id, tuple(row.changed_by), PublicationKind(row.kind), row.note,
        row.before, row.after, row.commit, row.approved_by, row.reason, row.looked_at, row.looked_by, row.id,
    )  # fmt: skip


def last_at(connection: Connection, answer_id: str) -> datetime.datetime | None:
    """When a file was last written from the pages; None if it never was."""
    query = select(func.max(_PUBLICATION.c.at)).where(_PUBLICATION.c.answer_id == answer_id)
    return connection.scalar(query)
