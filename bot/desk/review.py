"""A second person: an answer is submitted, given back with remarks or approved; nobody approves their own."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping

from sqlalchemy import Connection

from bot.content.check.findings import REVIEW_DAYS_MOST
from bot.content.fields import Value, cleaned
from bot.desk import audit
from bot.desk.accounts import Account
from bot.desk.beginning import REVIEW_AFTER
from bot.desk.drafting import (
    COMMENT_MOST,
    Conflict,
    Saved,
    checked_value,
    draft_moved,
    file_moved,
    right_to_submit,
    seen,
)
from bot.desk.editing import EditingDesk, Live, NotFound, Problem, Refused, Right, check_may
from bot.desk.problems import problems_of
from bot.storage.editors import comments, drafts
from bot.storage.editors.drafts import State, StoredDraft


async def problems(desk: EditingDesk, account: Account, name: str, value: Value) -> tuple[Problem, ...]:
    """What is to be mended in a value that may not be saved yet, errors first. Takes a second.

    Raises:
        NotFound, NotYours, Refused: the form cannot be read.
    """
    clean = checked_value(name, value)
    await seen(desk, account, name, clean)
    return await problems_of(desk, name, clean)


def facts_confirmed(value: Value, today: datetime.date) -> Value:
    """An answer whose facts were looked up today and are still right: they are to be again after as long."""
    return {**value, "checked": today.isoformat(), "review_by": (today + _interval(value)).isoformat()}


def _interval(value: Value) -> datetime.timedelta:
    """From one look at the facts to the next, as it was meant until now."""
    with contextlib.suppress(ValueError):
        checked, review_by = (
            datetime.date.fromisoformat(str(value.get(key))) for key in ("checked", "review_by")
        )
        if 0 < (review_by - checked).days <= REVIEW_DAYS_MOST:
            return review_by - checked
    return REVIEW_AFTER


async def submit(
    desk: EditingDesk, account: Account, name: str, base_draft: int, note: str = ""
) -> Saved | Conflict:
    """Ask for somebody else to look at a draft.

    Raises:
        NotFound, NotYours.
        Refused: it is not complete (`unfinished`, with the problems).
    """
    found = await looked_at(desk, account, right_to_submit(name), name, base_draft)
    if isinstance(found, Conflict):
        return found
    await check_finished(desk, found)
    return await _set(desk, account, found, State.SUBMITTED, "submit", short(note))


async def give_back(
    desk: EditingDesk, account: Account, name: str, base_draft: int, note: str,
    remarks: Mapping[str, str] | None = None,
) -> Saved | Conflict:  # fmt: skip
    """Let a draft be written again, with remarks on its fields. Who submitted it may take it back, too.

    Raises:
        NotFound, NotYours.
        Refused: it is not with the reviewers.
    """
    found = await looked_at(desk, account, Right.SEE, name, base_draft)
    if isinstance(found, Conflict):
        return found
    if account.id != found.submitted_by:
        live = await desk.live(name)
        check_may(account, Right.APPROVE, name, live.value, found.value)
    if found.state is State.WRITING:
        raise Refused("not_submitted", "Nobody has submitted this.")
    now = desk.clock()
    written = {field: short(text) for field, text in (remarks or {}).items() if short(text)}

    def work(connection: Connection) -> None:
        for field, text in written.items():
            comments.add(connection, name, field[:64], text, account.id, now)

    saved = await _set(desk, account, found, State.WRITING, "give_back", short(note))
    if isinstance(saved, Saved):
        await desk.transact(work)
    return saved


async def approve(desk: EditingDesk, account: Account, name: str, base_draft: int) -> Saved | Conflict:
    """Approve exactly the revision that was looked at.

    Raises:
        NotFound, NotYours.
        Refused: it was not submitted, or it is the account's own work (`own_work`).
    """
    found = await looked_at(desk, account, Right.APPROVE, name, base_draft)
    if isinstance(found, Conflict):
        return found
    if account.id in {*found.changed_by, found.submitted_by}:
        raise Refused("own_work", "Nobody approves their own work; ask somebody else.")
    if found.state is not State.SUBMITTED:
        raise Refused("not_submitted", "Nobody has submitted this.")
    await check_finished(desk, found)
    return await _set(desk, account, found, State.APPROVED, "approve", None)


# What publishing uses, too.


async def looked_at(
    desk: EditingDesk, account: Account, right: Right, name: str, base_draft: int
) -> StoredDraft | Conflict:
    """The draft, if it is the revision that somebody looked at, and the file the one it began from.

    Raises:
        NotFound: there is no draft, and was none of this revision.
        NotYours.
    """
    found = await with_file(desk, account, right, name, base_draft)
    if isinstance(found, Conflict):
        return found
    live, draft = found
    if draft.base_file != live.revision:
        return await file_moved(desk, account, draft)
    return draft


async def with_file(
    desk: EditingDesk, account: Account, right: Right, name: str, base_draft: int
) -> tuple[Live, StoredDraft] | Conflict:
    """The file and its draft, if that is the revision that somebody looked at.

    Raises:
        NotFound: there is no draft, and was none of this revision.
        NotYours.
    """
    live = await desk.live(name)
    draft = await desk.transact(lambda connection: drafts.find(connection, name))
    if draft is None and not base_draft:
        raise NotFound
    check_may(account, right, name, live.value, draft.value if draft else None)
    if draft is None or draft.revision != base_draft:
        return await draft_moved(desk, account, name, base_draft)
    return live, draft


async def check_finished(desk: EditingDesk, draft: StoredDraft) -> None:
    """Raises Refused with what is to be mended before it can go out."""
    errors = [one for one in await problems_of(desk, draft.answer_id, draft.value) if one.is_error]
    if errors:
        raise Refused("unfinished", "Some fields are still to be mended.", errors)


def short(text: str) -> str:
    """A note as it is kept."""
    return str(cleaned(text)).strip()[:COMMENT_MOST]


async def _set(
    desk: EditingDesk, account: Account, draft: StoredDraft, state: State, action: str, note: str | None
) -> Saved | Conflict:
    now, name = desk.clock(), draft.answer_id

    def work(connection: Connection) -> Saved:
        saved = drafts.set_state(connection, name, draft.revision, state, account.id, now, note)
        audit.note(connection, account.name, action, name, now, revision=draft.revision)
        return Saved(saved.revision, saved.base_file)

    try:
        return await desk.transact(work)
    except drafts.Moved:
        return await draft_moved(desk, account, name, draft.revision)
