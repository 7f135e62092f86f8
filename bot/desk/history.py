"""Which versions of a file there were and who made them; any two compared, any one taken up again."""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from bot.content.commits import Change, repository_of
from bot.content.fields import Value
from bot.desk import audit
from bot.desk.accounts import Account
from bot.desk.comparing import Comparison, comparison
from bot.desk.content_files import file_of
from bot.desk.drafting import Conflict, Form, Saved, checked_value, save, seen, unreadable
from bot.desk.editing import EditingDesk, Live, NotFound, Right, check_may, value_of_text
from bot.storage.editors import drafts, publications
from bot.storage.editors.drafts import StoredDraft
from bot.storage.editors.names import full_names
from bot.storage.editors.publications import StoredPublication

COMMITS_MOST = 100

_VERSION = re.compile(r"live|draft|draft-(?P<draft>\d{1,9})|p(?P<row>\d{1,9})|c(?P<commit>[0-9a-f]{7,64})")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A version of a file.

    version: its name for comparing and restoring. who: an editor's name, or "git: " and the author's.
    kind: publish, schedule, withdraw, replace; commit, of what came by git; draft, of what is not live.
    note: of the editor, or the commit's subject. reason: why it went out early; looked_by: who looked later.
    is_live: the file says this now.
    """

    version: str
    at: datetime.datetime
    who: str
    kind: str
    note: str
    approved_by: str | None = None
    reason: str | None = None
    looked_by: str | None = None
    is_live: bool = False


async def history(desk: EditingDesk, account: Account, name: str) -> tuple[HistoryEntry, ...]:
    """The versions of a file, the newest first: the draft, what was published here, what came by git.

    Raises:
        NotFound, NotYours.
    """
    live, draft = await seen(desk, account, name)

    def work(connection: Connection) -> tuple[list[StoredPublication], dict[int, str]]:
        return publications.of(connection, name), full_names(connection)

    published, names = await desk.transact(work)
    changes = await asyncio.to_thread(_commits, desk.directory, name)
    ours = {publication.commit for publication in published}
    entries = [_of_publication(one, names) for one in published]
    entries += [
        HistoryEntry(f"c{change.commit}", change.at, f"git: {change.author}", "commit", change.subject)
        for change in changes
        if change.commit not in ours
    ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    texts = {f"p{one.id}": one.after for one in published}
    for number, entry in enumerate(entries):
        text = texts.get(entry.version)
        if text is None:
            text = await asyncio.to_thread(_text_at, desk.directory, name, entry.version[1:])
        if text == live.text:
            entries[number] = replace(entry, is_live=True)
            break
    if draft:
        who = names.get(draft.updated_by, "") if draft.changed_by else "git"
        entries.insert(0, HistoryEntry("draft", draft.updated_at, who, "draft", draft.note))
    return tuple(entries)


async def compare(
    desk: EditingDesk, account: Account, name: str, left: str = "live", right: str = "draft"
) -> Comparison:
    """Two versions word by word; without more, the draft with what is live.

    Args:
        desk: what there is to work with.
        account: whose page it is.
        name: of the file.
        left: "live", "draft", "draft-12" (a revision of it), or an entry's version.
        right: as `left`.

    Raises:
        NotFound, NotYours.
    """
    live, draft = await seen(desk, account, name)
    before = await _value(desk, account, live, draft, left)
    after = await _value(desk, account, live, draft, right)
    return comparison(left, before, right, after)


async def compare_value(
    desk: EditingDesk, account: Account, name: str, value: Value, left: str = "live"
) -> Comparison:
    """What is typed, compared with a version. Raises NotFound, NotYours, Refused."""
    clean = checked_value(name, value)
    live, draft = await seen(desk, account, name, clean)
    before = await _value(desk, account, live, draft, left)
    return comparison(left, before, "typed", clean)


async def restore(
    desk: EditingDesk, account: Account, name: str, version: str, base_draft: int, base_file: str
) -> Saved | Conflict:
    """Make an older version the draft's next revision; it goes the way of every change from there.

    Raises:
        NotFound, NotYours, Refused.
    """
    live, draft = await seen(desk, account, name)
    value = await _value(desk, account, live, draft, version)
    saved = await save(desk, account, Form(name, "", base_draft, base_file, value))
    if isinstance(saved, Saved):
        now = desk.clock()
        await desk.transact(
            lambda connection: audit.note(connection, account.name, "restore", name, now, version=version)
        )
    return saved


async def _value(
    desk: EditingDesk, account: Account, live: Live, draft: StoredDraft | None, version: str
) -> Value:
    """What a version says. An older one of another office is not theirs to see, either."""
    match = _VERSION.fullmatch(version)
    if match is None:
        raise NotFound
    name = live.name
    if version == "live":
        return live.value or {}
    if version == "draft":
        return draft.value if draft else live.value or {}
    value: Value | None = None
    if match["draft"]:
        revision = int(match["draft"])
        value = await desk.transact(lambda connection: drafts.version(connection, name, revision))
    elif match["row"]:
        row = int(match["row"])
        found = await desk.transact(lambda connection: publications.find(connection, row))
        if found is None or found.answer_id != name:
            raise NotFound
        value = value_of_text(name, found.after)
    else:
        text = await asyncio.to_thread(_text_at, desk.directory, name, match["commit"])
        if text is not None and (value := value_of_text(name, text)) is None:
            raise unreadable()
    if value is None:
        raise NotFound
    if match["draft"]:
        check_may(account, Right.SEE, name, live.value, value)
    return value


def _commits(directory: Path, name: str) -> list[Change]:
    repository = repository_of(directory)
    return repository.history(file_of(directory, name), COMMITS_MOST) if repository else []


def _text_at(directory: Path, name: str, commit: str) -> str | None:
    repository = repository_of(directory)
    return repository.text_at(commit, file_of(directory, name)) if repository else None


def _of_publication(one: StoredPublication, names: Mapping[int, str]) -> HistoryEntry:
    return HistoryEntry(
        f"p{one.id}", one.at, names.get(one.editor_id, ""), one.kind.value, one.note,
        names.get(one.approved_by or 0), one.reason, names.get(one.looked_by or 0),
    )  # fmt: skip
