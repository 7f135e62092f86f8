"""Opening and saving: what somebody wrote is saved, or shown beside what somebody else saved meanwhile."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from bot.content.fields import Value, changed, cleaned, misfits
from bot.content.yaml_file import SIZE_LIMIT
from bot.desk import audit
from bot.desk.accounts import Account
from bot.desk.editing import (
    BULLETINS,
    BY_OFFICE,
    FILES,
    EditingDesk,
    Live,
    NotFound,
    Refused,
    Right,
    check_may,
    check_name,
    may_with,
)
from bot.desk.merging import FieldDifference, differences, merged
from bot.storage.editors import comments, drafts, presence
from bot.storage.editors.drafts import State, StoredDraft
from bot.storage.editors.names import full_names

COMMENT_MOST = 4000
"""Characters of a remark."""

_TAB = re.compile(r"[A-Za-z0-9_-]{1,32}")

_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""An office's, in its file."""

NOT_PUBLIC = {"draft": State.WRITING, "in_review": State.SUBMITTED}
"""What a file's status means for a draft that came by git."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a page sends: what is in it, and from which revisions it began.

    name: an answer's id, or one of FILES. tab: of the browser, made by the page.
    base_draft: revision of the draft, 0 if it began from the file; base_file: of the file, "" if there was
    none. value: as the file would have it (bot.content.fields).
    """

    name: str
    tab: str
    base_draft: int
    base_file: str
    value: Value


@dataclass(frozen=True, slots=True)
class Saved:
    """It is saved, and these are the revisions from which the page goes on."""

    base_draft: int
    base_file: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody saved or published meanwhile; nothing was changed, and what was typed is kept for the tab.

    moved: whether the draft or the file is another one. by, at: who saved the other version, and when, where
    that is known. differences: field by field. merged: your version with what they alone changed; a form
    that is to settle the conflict carries `base_draft` and `base_file`.
    """

    name: str
    moved: Literal["draft", "file"]
    by: str | None
    at: datetime.datetime | None
    yours: Value
    theirs: Value
    differences: tuple[FieldDifference, ...]
    merged: Value
    base_draft: int
    base_file: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What you typed in a tab and did not save; `changed` names the fields that differ from what is open."""

    tab: str
    saved_at: datetime.datetime
    base_draft: int
    base_file: str
    value: Value
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who has the page open; is_you: in another tab."""

    name: str
    is_you: bool
    is_unsaved: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a field of a draft; field: its path, empty for the whole."""

    id: int
    field: str
    text: str
    by: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class DraftInfo:
    """Whose a draft is and where it stands."""

    revision: int
    state: State
    note: str
    changed_by: tuple[str, ...]
    updated_by: str
    updated_at: datetime.datetime
    submitted_by: str | None
    submitted_at: datetime.datetime | None
    approved_by: str | None
    has_file_moved: bool


@dataclass(frozen=True, slots=True)
class Open:
    """An answer, or another file, as it is opened for editing.

    value: of the draft, else of the file; a form carries `base_draft` and `base_file`. live: what the file
    says now, None if there is none that can be read. may_*: what the account may do with it as it stands.
    """

    name: str
    value: Value
    base_draft: int
    base_file: str
    live: Value | None
    draft: DraftInfo | None
    typed: tuple[Typed, ...]
    here: tuple[Here, ...]
    remarks: tuple[Remark, ...]
    may_write: bool
    may_submit: bool
    may_approve: bool
    may_publish: bool
    is_own_work: bool

    @property
    def is_live(self) -> bool:
        """Whether the file says that it is published."""
        return self.live is not None and self.live.get("status") == "published"


async def open_(desk: EditingDesk, account: Account, name: str, tab: str = "") -> Open:
    """An answer as it is to be edited: its draft if there is one, else its file.

    A file that says it is a draft came by git; opening it makes its draft, which nobody here has changed.

    Args:
        desk: what there is to work with.
        account: whose page it is.
        name: of the answer, `offices` or `messages`.
        tab: of the browser; others that are here are told apart from it.

    Raises:
        NotFound, NotYours.
    """
    live = await desk.live(name)
    now = desk.clock()

    def work(connection: Connection) -> Open:
        draft = drafts.find(connection, name)
        if draft is None and live.value is None:
            raise NotFound if live.text is None else unreadable()
        check_may(account, Right.SEE, name, live.value, draft.value if draft else None)
        state = NOT_PUBLIC.get(str((live.value or {}).get("status")))
        if draft is None and state and "." in name:
            draft = drafts.adopt(connection, _come_by_git(live, state, account, now))
        return _opened(connection, account, live, draft, tab, now)

    return await desk.transact(work)


async def save(desk: EditingDesk, account: Account, form: Form) -> Saved | Conflict:
    """Save a form as the draft's next revision.

    Whoever else saved or published since it was opened gets their version shown beside this one instead. A
    form without a change is saved already.

    Raises:
        NotFound, NotYours, Refused: nothing was saved.
    """
    value = checked_value(form.name, form.value)
    live = await desk.live(form.name)
    draft = await desk.transact(lambda connection: drafts.find(connection, form.name))
    before = draft.value if draft else None
    if form.name in BY_OFFICE:  # others may have changes waiting there, which this one leaves alone
        check_may(account, Right.WRITE, form.name, live.value if before is None else before, value)
    else:
        check_may(account, Right.WRITE, form.name, live.value, before, value)
    if (draft.revision if draft else 0) != form.base_draft:
        if draft and draft.updated_by == account.id and not changed(draft.value, value):
            return await _saved_already(desk, account, form, draft)  # a button that was pressed twice
        return await _conflict_with_draft(desk, account, form, value, draft, live)
    if live.revision != form.base_file:
        return await _conflict_with_file(desk, account, form, value, live)
    now = desk.clock()
    change = drafts.DraftChange(form.name, account.id, form.base_draft, form.base_file, value)
    is_changed = bool(changed(draft.value if draft else live.value or {}, value))
    is_rebased = draft is not None and draft.base_file != form.base_file

    def work(connection: Connection) -> Saved:
        if form.tab:
            drafts.forget_typed(connection, form.name, account.id, form.tab)
        if not is_changed and not is_rebased:
            return Saved(form.base_draft, form.base_file)
        saved = drafts.save(connection, change, now)
        audit.note(connection, account.name, "save", form.name, now, revision=saved.revision)
        return Saved(saved.revision, saved.base_file)

    try:
        return await desk.transact(work)
    except drafts.Moved:
        draft = await desk.transact(lambda connection: drafts.find(connection, form.name))
        return await _conflict_with_draft(desk, account, form, value, draft, await desk.live(form.name))


async def keep_typed(desk: EditingDesk, account: Account, form: Form) -> datetime.datetime:
    """Keep what is typed in a tab and not saved yet; when that was. It never conflicts with anything.

    Raises:
        NotFound, NotYours, Refused: it was not kept.
    """
    if not _TAB.fullmatch(form.tab):
        raise Refused("tab_unknown", "This page has no name of its own; load it again.")
    value = checked_value(form.name, form.value)
    await seen(desk, account, form.name, value)
    now = desk.clock()
    change = drafts.DraftChange(form.name, account.id, form.base_draft, form.base_file, value)
    await desk.transact(lambda connection: drafts.keep_typed(connection, change, form.tab, now))
    return now


async def forget_typed(desk: EditingDesk, account: Account, name: str, tab: str) -> None:
    """Throw away what you typed in a tab and did not save."""
    check_name(name)
    await desk.transact(lambda connection: drafts.forget_typed(connection, name, account.id, tab))


async def discard(desk: EditingDesk, account: Account, name: str, base_draft: int) -> Conflict | None:
    """Throw a draft away; what is live stays. Its revisions are kept for whoever has it open.

    Returns:
        None, or the conflict if somebody saved another revision meanwhile.

    Raises:
        NotFound, NotYours.
    """
    live = await desk.live(name)
    now = desk.clock()

    def work(connection: Connection) -> None:
        draft = drafts.find(connection, name)
        if draft is None:
            raise NotFound
        check_may(account, Right.WRITE, name, live.value, draft.value)
        drafts.discard(connection, name, base_draft)
        comments.resolve(connection, name, now)
        audit.note(connection, account.name, "discard", name, now, revision=base_draft)

    try:
        await desk.transact(work)
    except drafts.Moved:
        return await draft_moved(desk, account, name, base_draft)
    return None


async def be_here(
    desk: EditingDesk, account: Account, name: str, tab: str, *, is_unsaved: bool
) -> tuple[Here, ...]:
    """Tell that the page is open in a tab, as every ten seconds; who else is here. Raises NotYours."""
    if not _TAB.fullmatch(tab):
        raise Refused("tab_unknown", "This page has no name of its own; load it again.")
    await seen(desk, account, name)
    now = desk.clock()

    def work(connection: Connection) -> tuple[Here, ...]:
        presence.note(connection, name, account.id, tab, now, is_unsaved=is_unsaved)
        return _here(connection, account, name, tab, now)

    return await desk.transact(work)


async def leave(desk: EditingDesk, account: Account, name: str, tab: str) -> None:
    """The page was closed in a tab."""
    check_name(name)
    await desk.transact(lambda connection: presence.leave(connection, name, account.id, tab))


async def remark(desk: EditingDesk, account: Account, name: str, field: str, text: str) -> int:
    """Write a remark on a field of a draft, or on the whole (""); its id. Raises NotYours, Refused."""
    await seen(desk, account, name)
    words = str(cleaned(text)).strip()
    if not words or len(words) > COMMENT_MOST or len(field) > 64:
        raise Refused("remark_empty", f"Write a remark of at most {COMMENT_MOST} characters.")
    now = desk.clock()

    def work(connection: Connection) -> int:
        audit.note(connection, account.name, "remark", name, now, field=field)
        return comments.add(connection, name, field, words, account.id, now)

    return await desk.transact(work)


async def settle_remark(desk: EditingDesk, account: Account, name: str, remark_id: int) -> None:
    """A remark is dealt with. Raises NotYours, NotFound."""
    await seen(desk, account, name)
    now = desk.clock()

    def work(connection: Connection) -> None:
        if not comments.resolve(connection, name, now, remark_id):
            raise NotFound
        audit.note(connection, account.name, "settle_remark", name, now, remark=remark_id)

    await desk.transact(work)


# What other rooms of the desk use, too.


def checked_value(name: str, value: Mapping[str, object]) -> Value:
    """A value as it is kept: cleaned, in the shape of its kind, of a bounded size. Raises Refused."""
    check_name(name)
    clean = cleaned(value)
    if not isinstance(clean, dict):
        raise Refused("not_readable", "The form cannot be read.")
    if name not in FILES and (wrong := misfits(clean)):
        raise Refused("not_readable", f"The form has fields that no answer has: {', '.join(wrong[:5])}.")
    if name in BY_OFFICE | {BULLETINS} and any(not _KEY.fullmatch(key) for key in clean):
        raise Refused("not_readable", "It is called by small letters, digits and hyphens.")
    if len(json.dumps(clean, ensure_ascii=False).encode()) > SIZE_LIMIT:
        raise Refused("too_large", f"This is larger than {SIZE_LIMIT // 1024} KB.")
    return clean


async def seen(
    desk: EditingDesk, account: Account, name: str, value: Mapping[str, object] | None = None
) -> tuple[Live, StoredDraft | None]:
    """The file and its draft, for somebody who may see them; `value`: what they typed, if they did.

    Raises:
        NotFound: there is neither, nor was anything typed.
        NotYours.
    """
    live = await desk.live(name)
    draft = await desk.transact(lambda connection: drafts.find(connection, name))
    if live.text is None and draft is None and value is None:
        raise NotFound
    check_may(account, Right.SEE, name, live.value, draft.value if draft else None, value)
    return live, draft


def right_to_submit(name: str) -> Right:
    """What it takes to submit: the right to write it; the one draft of all offices, and of all wards,
    anybody may submit who wrote for one of them."""
    return Right.SEE if name in BY_OFFICE else Right.WRITE


def unreadable() -> Refused:
    """The file cannot be read by anybody."""
    return Refused(
        "file_unreadable", "The file has a mistake that was made by hand; it has to be mended there first."
    )


async def draft_moved(desk: EditingDesk, account: Account, name: str, base_draft: int) -> Conflict:
    """What happened to a draft since somebody looked at a revision of it."""
    live = await desk.live(name)

    def work(connection: Connection) -> tuple[StoredDraft | None, Value | None]:
        return drafts.find(connection, name), drafts.version(connection, name, base_draft)

    draft, seen = await desk.transact(work)
    check_may(account, Right.SEE, name, live.value, draft.value if draft else None)
    form = Form(name, "", base_draft, live.revision, seen or {})
    return await _conflict_with_draft(desk, account, form, form.value, draft, live)


async def file_moved(desk: EditingDesk, account: Account, draft: StoredDraft) -> Conflict:
    """What happened to a file since a draft was begun from it."""
    form = Form(draft.answer_id, "", draft.revision, draft.base_file, draft.value)
    return await _conflict_with_file(desk, account, form, draft.value, await desk.live(draft.answer_id))


async def _saved_already(desk: EditingDesk, account: Account, form: Form, draft: StoredDraft) -> Saved:
    if form.tab:
        await forget_typed(desk, account, form.name, form.tab)
    return Saved(draft.revision, draft.base_file)


async def _conflict_with_draft(
    desk: EditingDesk, account: Account, form: Form, yours: Value, draft: StoredDraft | None, live: Live
) -> Conflict:
    """Somebody saved, published or threw away the draft from which the form began."""

    def work(connection: Connection) -> tuple[Value | None, dict[int, str]]:
        base = drafts.version(connection, form.name, form.base_draft) if form.base_draft else None
        _keep_aside(connection, account, form, yours, desk.clock())
        return base, full_names(connection)

    base, names = await desk.transact(work)
    check_may(account, Right.SEE, form.name, live.value, draft.value if draft else None)
    if not form.base_draft:
        base = await desk.value_of_file(form.name, form.base_file)
    theirs = draft.value if draft else live.value or {}
    found = differences(base, yours, theirs)
    return Conflict(
        form.name, "draft", names.get(draft.updated_by) if draft else None,
        draft.updated_at if draft else None, yours, theirs, found, merged(yours, found),
        draft.revision if draft else 0, draft.base_file if draft else live.revision,
    )  # fmt: skip


async def _conflict_with_file(
    desk: EditingDesk, account: Account, form: Form, yours: Value, live: Live
) -> Conflict:
    """The file is another one than the form began from: published here, or changed by git."""
    await desk.transact(lambda connection: _keep_aside(connection, account, form, yours, desk.clock()))
    if live.value is None and live.text is not None:
        raise unreadable()
    # Of a file that is gone nobody means to take over that every field is empty.
    base = await desk.value_of_file(form.name, form.base_file) if live.value is not None else None
    theirs = live.value or {}
    found = differences(base, yours, theirs)
    return Conflict(
        form.name, "file", None, None, yours, theirs, found, merged(yours, found), form.base_draft,
        live.revision,
    )  # fmt: skip


def _keep_aside(
    connection: Connection, account: Account, form: Form, value: Value, now: datetime.datetime
) -> None:
    if form.tab:
        change = drafts.DraftChange(form.name, account.id, form.base_draft, form.base_file, value)
        drafts.keep_typed(connection, change, form.tab, now)


def _come_by_git(live: Live, state: State, account: Account, now: datetime.datetime) -> StoredDraft:
    return StoredDraft(
        live.name, 0, live.revision, live.value or {}, state, "", (), account.id, now,
        submitted_at=now if state is State.SUBMITTED else None,
    )  # fmt: skip


def _opened(
    connection: Connection, account: Account, live: Live, draft: StoredDraft | None, tab: str,
    now: datetime.datetime,
) -> Open:  # fmt: skip
    name, names = live.name, full_names(connection)
    value = draft.value if draft else live.value or {}
    values = (live.value, value)
    is_own = draft is not None and account.id in {*draft.changed_by, draft.submitted_by}
    state = draft.state if draft else None
    return Open(
        name=name,
        value=value,
        base_draft=draft.revision if draft else 0,
        base_file=draft.base_file if draft else live.revision,
        live=live.value,
        draft=_info(draft, live, names) if draft else None,
        typed=tuple(
            Typed(
                typed.tab, typed.saved_at, typed.change.base_draft, typed.change.base_file,
                typed.change.value, tuple(changed(value, typed.change.value)),
            )
            for typed in drafts.typed(connection, name, account.id)
        ),
        here=_here(connection, account, name, tab, now),
        remarks=tuple(
            Remark(found.id, found.field, found.text, names.get(found.editor_id, ""), found.at)
            for found in comments.of(connection, name)
        ),
        may_write=may_with(account, Right.WRITE, name, *(() if name in BY_OFFICE else values)),
        may_submit=state is State.WRITING and may_with(account, right_to_submit(name), name, *values),
        may_approve=state is State.SUBMITTED
        and not is_own
        and may_with(account, Right.APPROVE, name, *values),
        may_publish=state is State.APPROVED and may_with(account, Right.SEE, name, *values),
        is_own_work=is_own,
    )  # fmt: skip


def _info(draft: StoredDraft, live: Live, names: Mapping[int, str]) -> DraftInfo:
    return DraftInfo(
        draft.revision, draft.state, draft.note, tuple(names.get(one, "") for one in draft.changed_by),
        names.get(draft.updated_by, "") if draft.changed_by else "git", draft.updated_at,
        names.get(draft.submitted_by or 0), draft.submitted_at, names.get(draft.approved_by or 0),
        draft.base_file != live.revision,
    )  # fmt: skip


def _here(
    connection: Connection, account: Account, name: str, tab: str, now: datetime.datetime
) -> tuple[Here, ...]:
    names = full_names(connection)
    return tuple(
        Here(names.get(one.editor_id, ""), one.editor_id == account.id, one.is_unsaved)
        for one in presence.here(connection, name, now)
        if (one.editor_id, one.tab) != (account.id, tab)
    )
