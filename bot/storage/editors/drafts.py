"""Drafts: every save carries the revision that it began from, so that none overwrites another."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.storage.editors.tables import Autosave, Draft, DraftVersion
from bot.storage.models import JsonObject

VERSIONS_KEPT = 30
"""Revisions of a draft that are kept. A form that began from an older one gets a conflict without a base."""

_DRAFT: Any = Draft.__table__
_VERSION: Any = DraftVersion.__table__
_AUTOSAVE: Any = Autosave.__table__


class State(StrEnum):
    """Where a draft stands."""

    WRITING = "writing"
    SUBMITTED = "submitted"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A draft as it is now.

    base_file: revision of the file from which it began; "" if there was none.
    changed_by: ids of everybody who changed it since it began.
    """

    answer_id: str
    revision: int
    base_file: str
    value: JsonObject
    state: State
    note: str
    changed_by: tuple[int, ...]
    updated_by: int
    updated_at: datetime.datetime
    submitted_by: int | None = None
    submitted_at: datetime.datetime | None = None
    approved_by: int | None = None


@dataclass(frozen=True, slots=True)
class DraftChange:
    """What somebody wants to save: the value, and the revisions that they began from.

    base_draft: of the draft; 0 if they began from the file.
    """

    answer_id: str
    editor_id: int
    base_draft: int
    base_file: str
    value: JsonObject


class Moved(Exception):
    """The draft is another one than the change began from; `now` is it, or None if it is gone."""

    def __init__(self, now: StoredDraft | None) -> None:
        super().__init__("the draft has moved")
        self.now = now


def find(connection: Connection, answer_id: str) -> StoredDraft | None:
    """The draft of an answer, if there is one."""
    row = connection.execute(select(_DRAFT).where(_DRAFT.c.answer_id == answer_id)).one_or_none()
    return _stored(row) if row else None


def every(connection: Connection) -> list[StoredDraft]:
    """All drafts, the last changed first."""
    rows = connection.execute(select(_DRAFT).order_by(_DRAFT.c.updated_at.desc()))
    return [_stored(row) for row in rows]


def save(connection: Connection, change: DraftChange, now: datetime.datetime) -> StoredDraft:
    """Save a change as the draft's next revision; what was submitted or approved is being written again.

    Whether the change began from the file as it is now is for the caller to see.

    Raises:
        Moved: somebody saved since, or there is a draft where the change began from the file.
    """
    draft = _locked(connection, change.answer_id)
    if (draft.revision if draft else 0) != change.base_draft:
        raise Moved(draft)
    revision = _last_revision(connection, change.answer_id) + 1
    changed_by = tuple(dict.fromkeys([*(draft.changed_by if draft else ()), change.editor_id]))
    saved = StoredDraft(
        change.answer_id, revision, change.base_file, change.value, State.WRITING,
        draft.note if draft else "", changed_by, change.editor_id, now,
    )  # fmt: skip
    _write(connection, saved, is_new=draft is None)
    _keep_version(connection, saved)
    return saved


def set_state(
    connection: Connection,
    answer_id: str,
    revision: int,
    state: State,
    editor_id: int,
    now: datetime.datetime,
    note: str | None = None,
) -> StoredDraft:
    """Submit, approve or give back exactly the revision that somebody has looked at.

    Raises:
        Moved: it is another one now.
    """
    draft = _locked(connection, answer_id)
    if draft is None or draft.revision != revision:
        raise Moved(draft)
    changed = replace(draft, state=state, note=draft.note if note is None else note)
    if state is State.SUBMITTED:
        changed = replace(changed, submitted_by=editor_id, submitted_at=now, approved_by=None)
    elif state is State.APPROVED:
        changed = replace(changed, approved_by=editor_id)
    else:
        changed = replace(changed, approved_by=None)
    _write(connection, changed, is_new=False)
    return changed


def discard(connection: Connection, answer_id: str, revision: int) -> None:
    """Let a draft go: it is published, or not wanted. Its revisions stay for whoever has it open.

    Raises:
        Moved: it is another one now.
    """
    draft = _locked(connection, answer_id)
    if draft is None or draft.revision != revision:
        raise Moved(draft)
    connection.execute(delete(_DRAFT).where(_DRAFT.c.answer_id == answer_id))


def adopt(connection: Connection, draft: StoredDraft) -> StoredDraft:
    """Begin a draft with what somebody wrote by other means, if there is none; the one that there is."""
    found = _locked(connection, draft.answer_id)
    if found:
        return found
    began = replace(draft, revision=_last_revision(connection, draft.answer_id) + 1)
    _write(connection, began, is_new=True)
    _keep_version(connection, began)
    return began


def version(connection: Connection, answer_id: str, revision: int) -> JsonObject | None:
    """The value of an earlier revision; None if it is not kept."""
    query = select(_VERSION.c.value).where(_VERSION.c.answer_id == answer_id, _VERSION.c.revision == revision)
    found: JsonObject | None = connection.execute(query).scalar_one_or_none()
    return found


def keep_typed(connection: Connection, change: DraftChange, tab: str, now: datetime.datetime) -> None:
    """Keep what is typed in a tab and not saved yet. It meets nobody else's."""
    mine = _of_tab(change.answer_id, change.editor_id, tab)
    connection.execute(delete(_AUTOSAVE).where(*mine))
    connection.execute(
        insert(_AUTOSAVE).values(
            answer_id=change.answer_id, editor_id=change.editor_id, tab=tab, base_draft=change.base_draft,
            base_file=change.base_file, value=change.value, saved_at=now,
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredTyped:
    """What somebody typed in a tab and did not save."""

    tab: str
    change: DraftChange
    saved_at: datetime.datetime


def typed(connection: Connection, answer_id: str, editor_id: int) -> list[StoredTyped]:
    """What an editor typed and did not save, the newest first."""
    query = (
        select(_AUTOSAVE)
        .where(_AUTOSAVE.c.answer_id == answer_id, _AUTOSAVE.c.editor_id == editor_id)
        .order_by(_AUTOSAVE.c.saved_at.desc())
    )
    return [
        StoredTyped(
            row.tab,
            DraftChange(row.answer_id, row.editor_id, row.base_draft, row.base_file, row.value),
            row.saved_at,
        )
        for row in connection.execute(query)
    ]


def forget_typed(connection: Connection, answer_id: str, editor_id: int, tab: str) -> None:
    """It was saved, or thrown away."""
    connection.execute(delete(_AUTOSAVE).where(*_of_tab(answer_id, editor_id, tab)))


def forget_old_typed(connection: Connection, before: datetime.datetime) -> None:
    """Let go of what nobody came back to."""
    connection.execute(delete(_AUTOSAVE).where(_AUTOSAVE.c.saved_at < before))


def _of_tab(answer_id: str, editor_id: int, tab: str) -> Sequence[Any]:
    return (
        _AUTOSAVE.c.answer_id == answer_id,
        _AUTOSAVE.c.editor_id == editor_id,
        _AUTOSAVE.c.tab == tab,
    )


def _locked(connection: Connection, answer_id: str) -> StoredDraft | None:
    query = select(_DRAFT).where(_DRAFT.c.answer_id == answer_id).with_for_update()
    row = connection.execute(query).one_or_none()
    return _stored(row) if row else None


def _last_revision(connection: Connection, answer_id: str) -> int:
    """A revision is never given twice, also after a draft was published and another one begun."""
    query = select(func.coalesce(func.max(_VERSION.c.revision), 0)).where(_VERSION.c.answer_id == answer_id)
    return int(connection.execute(query).scalar_one())


def _keep_version(connection: Connection, draft: StoredDraft) -> None:
    connection.execute(
        insert(_VERSION).values(
            answer_id=draft.answer_id, revision=draft.revision, base_file=draft.base_file, value=draft.value,
            editor_id=draft.updated_by, at=draft.updated_at,
        )
    )  # fmt: skip
    old = _VERSION.c.revision <= draft.revision - VERSIONS_KEPT
    connection.execute(delete(_VERSION).where(_VERSION.c.answer_id == draft.answer_id, old))


def _write(connection: Connection, draft: StoredDraft, *, is_new: bool) -> None:
    values = {
        "revision": draft.revision, "base_file": draft.base_file, "value": draft.value, "state": draft.state,
        "note": draft.note, "changed_by": list(draft.changed_by), "updated_by": draft.updated_by,
        "updated_at": draft.updated_at, "submitted_by": draft.submitted_by,
        "submitted_at": draft.submitted_at, "approved_by": draft.approved_by,
    }  # fmt: skip
    if not is_new:
        connection.execute(update(_DRAFT).where(_DRAFT.c.answer_id == draft.answer_id).values(values))
        return
    try:
        connection.execute(insert(_DRAFT).values(answer_id=draft.answer_id, **values))
    except IntegrityError as error:  # two began at the same moment; there was no row to lock
        raise Moved(None) from error


def _stored(row: Row[Any]) -> StoredDraft:
    return StoredDraft(
        row.answer_id, row.revision, row.base_file, row.value, State(row.state), row.note,
        tuple(row.changed_by), row.updated_by, row.updated_at, row.submitted_by, row.submitted_at,
        row.approved_by,
    )  # fmt: skip
