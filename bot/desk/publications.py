"""Publishing, scheduling, withdrawing. Each is a publication: a file of content/, its commit, and a row."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from bot.content.commits import Person
from bot.content.fields import Value, changed, typed
from bot.content.schema import Answer, Moment
from bot.desk import audit, content_files, in_step, refusal
from bot.desk.accounts import Account
from bot.desk.content_files import Faulty, FileMoved, NotPublished, Written
from bot.desk.drafting import Conflict, Form, file_moved, unreadable
from bot.desk.editing import (
    EditingDesk,
    Live,
    NotFound,
    NotYours,
    Problem,
    Refused,
    Right,
    check_may,
    check_name,
    value_of_text,
)
from bot.desk.problems import as_published, of_findings
from bot.desk.review import check_finished, short, with_file
from bot.rasa.client import Rasa, RasaUnavailable
from bot.rasa.status import TrainingProgress
from bot.storage.editors import comments, drafts, languages, publications
from bot.storage.editors.drafts import State, StoredDraft
from bot.storage.editors.names import full_names
from bot.storage.editors.publications import PublicationKind, StoredPublication

_MOMENT: TypeAdapter[datetime.datetime] = TypeAdapter(Moment)


HANDED_OVER = datetime.timedelta(seconds=5)
"""After this the bot has seen a new file and handed its questions to the Rasa side: before, that one says
that it knows all that is wanted."""


class Meaning(StrEnum):
    """Why an answer is withdrawn."""

    ERROR = "error"
    """It should never have gone out. People are told that it was withdrawn, not why."""

    REPLACED = "replaced"
    """Another answer stands in its place; old links show that one."""

    REASON = "reason"
    """It is no longer so; people are told why."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How an answer is withdrawn. reason_*: what people are told; successor: id of the other answer."""

    meaning: Meaning
    reason_vi: str = ""
    reason_en: str = ""
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """It is written; the bot serves it within a second. commit: where content/ is in git."""

    publication_id: int
    name: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class LearningProgress:
    """How far the questions of what is published are learned.

    is_reachable: whether the Rasa side could be asked. is_current: the model that answers knows the
    questions of content/ as the bot handed them over last. refused: why a new model does not answer, a
    sentence each; failed: why none could be made.
    """

    is_reachable: bool
    model: str | None = None
    is_current: bool = False
    training: TrainingProgress | None = None
    refused: tuple[str, ...] = ()
    failed: str | None = None


async def publish(
    desk: EditingDesk, account: Account, name: str, base_draft: int, note: str = ""
) -> Published | Conflict:
    """Let an approved draft go out.

    Raises:
        NotFound, NotYours.
        Refused: it is not approved (`not_approved`), or cannot be written; nothing was changed.
    """
    return await _publish(desk, account, Right.SEE, name, base_draft, _Going(short(note)))


async def publish_now(
    desk: EditingDesk, account: Account, name: str, base_draft: int, reason: str, note: str = ""
) -> Published | Conflict:
    """Let a draft go out before somebody else has looked, as for a rumour that runs.

    Raises:
        NotFound, NotYours.
        Refused: there is no reason (`reason_missing`), it is not complete, or cannot be written.
    """
    if not short(reason):
        raise Refused("reason_missing", "Say why it cannot wait for somebody else to look.")
    going = _Going(short(note), reason=short(reason))
    return await _publish(desk, account, Right.WRITE, name, base_draft, going)


async def schedule(
    desk: EditingDesk, account: Account, name: str, base_draft: int, publish_at: str, note: str = ""
) -> Published | Conflict:
    """Let an approved draft go out at a time (Việt Nam's, 2026-12-01 08:00).

    Raises:
        NotFound, NotYours.
        Refused: it is not approved, the time is none or has passed, or the answer is live: its file can hold
            one version only.
    """
    try:
        moment = _MOMENT.validate_python(typed(publish_at.strip()))
    except ValidationError as error:
        raise Refused("moment_wrong", "Write a day and a time: 2026-12-01 08:00.") from error
    if moment <= desk.clock():
        raise Refused("moment_passed", "This time has passed.")
    going = _Going(short(note), publish_at=publish_at.strip())
    return await _publish(desk, account, Right.SEE, name, base_draft, going)


async def withdraw(
    desk: EditingDesk, account: Account, name: str, base_file: str, withdrawal: Withdrawal, note: str = ""
) -> Published | Conflict:
    """Take a live answer back at once; it stands on the start page until somebody else has looked.

    A draft of it stays, and is told that the file has moved.

    Args:
        desk: what there is to work with.
        account: whose doing it is; writing or approving for the office is enough.
        name: of the answer.
        base_file: revision of the file that was looked at.
        withdrawal: why.
        note: for the history.

    Raises:
        NotFound, NotYours.
        Refused: a reason or the other answer is missing, or it cannot be written.
    """
    live = await _file(desk, account, name)
    if live.revision != base_file:
        form = Form(name, "", 0, base_file, live.value or {})
        return await _moved(desk, account, form)
    if withdrawal.meaning is Meaning.REPLACED:
        return await _replace(desk, account, name, withdrawal.successor, short(note))
    told: dict[str, object] = {"date": desk.today.isoformat()}
    if withdrawal.meaning is Meaning.REASON:
        reason = {"vi": short(withdrawal.reason_vi), "en": short(withdrawal.reason_en)}
        missing = [
            Problem(f"withdrawn.reason.{language}", "problem_missing", "This is still to be filled in.")
            for language, text in reason.items()
            if not text
        ]
        if missing:
            raise Refused("reason_missing", "Say why, in both languages.", missing)
        told["reason"] = reason
    value = {key: content for key, content in (live.value or {}).items() if not key.endswith("_at")}
    value |= {"status": "withdrawn", "withdrawn": told}
    going = _Going(short(note), PublicationKind.WITHDRAW, reason=short(note) or withdrawal.meaning.value)
    return await _write(desk, account, live, value, going, None)


async def write_at_once(
    desk: EditingDesk, account: Account, live: Live, value: Value, reason: str
) -> Published | Conflict:
    """Write a file in an emergency; it stands on the start page until somebody else has looked.

    Args:
        desk: what there is to work with.
        account: whose doing it is; who may was asked before.
        live: the file as it was looked at.
        value: what it is to say, which was checked.
        reason: what was done, in a word.

    Raises:
        Refused: it cannot be written; nothing was changed.
    """
    going = _Going(reason, PublicationKind.EMERGENCY, reason=reason)
    return await _write(desk, account, live, value, going, None)


async def look(desk: EditingDesk, account: Account, publication_id: int) -> None:
    """Somebody else has looked at what went out early.

    Raises:
        NotFound, NotYours.
        Refused: it is the account's own work (`own_work`).
    """
    found = await desk.transact(lambda connection: publications.find(connection, publication_id))
    if found is None:
        raise NotFound
    before, after = (value_of_text(found.answer_id, text) for text in (found.before, found.after))
    check_may(account, Right.APPROVE, found.answer_id, before, after)
    if account.id in {found.editor_id, *found.changed_by}:
        raise Refused("own_work", "Nobody approves their own work; ask somebody else.")
    now = desk.clock()

    def work(connection: Connection) -> None:
        if publications.look(connection, publication_id, account.id, now):
            audit.note(connection, account.name, "look", found.answer_id, now, publication=publication_id)

    await desk.transact(work)


async def last_done(desk: EditingDesk, name: str) -> PublicationKind | None:
    """What was done last to a file from the pages; None if nothing was."""
    done = await desk.transact(lambda connection: publications.of(connection, name))
    return done[0].kind if done else None


async def progress(desk: EditingDesk) -> LearningProgress:
    """How far the questions of what is published are learned."""
    if desk.rasa is None:
        return LearningProgress(is_reachable=False)
    try:
        status = await Rasa(desk.rasa).status()
    except RasaUnavailable:
        return LearningProgress(is_reachable=False)
    refused = refusal.problems(status.refused, desk.library()) if status.refused else ()
    newest = await desk.transact(publications.newest)
    is_handed_over = newest is None or desk.clock() - newest > HANDED_OVER
    return LearningProgress(
        True, status.model, is_handed_over and status.model is not None and status.model == status.wanted,
        status.training,
        tuple(refused), (status.failed.advice or status.failed.reason) if status.failed else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Going:
    """How something goes out. reason: why before somebody else has looked."""

    note: str
    kind: PublicationKind = PublicationKind.PUBLISH
    reason: str | None = None
    publish_at: str | None = None


async def _publish(
    desk: EditingDesk, account: Account, right: Right, name: str, base_draft: int, going: _Going
) -> Published | Conflict:
    found = await with_file(desk, account, right, name, base_draft)
    if isinstance(found, Conflict):
        return found
    live, draft = found
    if going.reason is None and draft.state is not State.APPROVED:
        raise Refused("not_approved", "Somebody else has to approve it first.")
    if draft.state is State.APPROVED:
        going = replace(going, reason=None)  # somebody else has looked
    value = as_published(name, draft.value)
    if going.publish_at:
        value = {**value, "publish_at": going.publish_at}
    if _is_ahead(value, desk.clock()):
        _check_not_live(desk, name, live)
        going = replace(going, kind=PublicationKind.SCHEDULE)
    if draft.base_file != live.revision:
        if not live.text or changed(live.value or {}, value):
            return await file_moved(desk, account, draft)
        # It was written, and the database was away before that could be noted.
        return await _note(desk, account, Written(live.text, live.text, None), draft, going, name)
    await check_finished(desk, draft)
    return await _write(desk, account, live, value, going, draft)


async def _write(
    desk: EditingDesk, account: Account, live: Live, value: Value, going: _Going, draft: StoredDraft | None
) -> Published | Conflict:
    person = Person(account.full_name, account.email or f"{account.name}@editors.invalid")
    message = await _message(desk, live.name, going, draft)
    # What else is wrong in a file holds up neither a withdrawal nor what is said in an emergency.
    is_urgent = going.kind in {PublicationKind.WITHDRAW, PublicationKind.EMERGENCY}

    def work() -> Written:
        return content_files.write(
            desk.directory, live.name, live.revision, value, person, message, desk.today,
            is_urgent=is_urgent,
        )  # fmt: skip

    try:
        written = await asyncio.to_thread(work)
    except FileMoved:
        if draft:
            return await file_moved(desk, account, draft)
        return await _moved(desk, account, Form(live.name, "", 0, live.revision, value))
    except Faulty as error:
        raise Refused(
            "unfinished", "Some fields are still to be mended.", of_findings(error.findings)
        ) from error
    except NotPublished as error:
        raise Refused("not_written", str(error), problem=str(error)) from error
    return await _note(desk, account, written, draft, going, live.name)


async def _note(
    desk: EditingDesk, account: Account, written: Written, draft: StoredDraft | None, going: _Going, name: str
) -> Published:
    now = desk.clock()
    stored = StoredPublication(
        name, now, account.id, draft.changed_by if draft else (account.id,), going.kind, going.note,
        written.before, written.after, written.commit,
        draft.approved_by if draft and draft.state is State.APPROVED else None, going.reason,
    )  # fmt: skip

    def work(connection: Connection) -> int:
        number = publications.add(connection, stored)
        if draft:
            with contextlib.suppress(drafts.Moved):  # what was saved meanwhile stays, and sees the new file
                drafts.discard(connection, name, draft.revision)
                comments.resolve(connection, name, now)
        if draft and (answer := _answer(name, draft.value)):
            known = languages.every(connection).get(name)
            languages.keep(connection, name, in_step.advanced(known, in_step.sides(answer), now))
        audit.note(
            connection, account.name, going.kind.value, name, now, publication=number, reason=going.reason
        )
        return number

    return Published(await desk.transact(work), name, written.commit)


async def _replace(
    desk: EditingDesk, account: Account, name: str, successor: str, note: str
) -> Published | Conflict:
    """Let another answer stand in the place of one: the other's file names it under `supersedes`."""
    try:
        check_name(successor)
        other = await _file(desk, account, successor)
    except (NotFound, NotYours) as error:
        raise Refused("successor_missing", "Name the answer that stands in its place.") from error
    value = other.value or {}
    older = value.get("supersedes")
    if successor == name or value.get("status") != "published":
        raise Refused("successor_missing", "Name a published answer that stands in its place.")
    names = list(dict.fromkeys([*(older if isinstance(older, list) else []), name]))
    going = _Going(note, PublicationKind.REPLACE, reason=note or Meaning.REPLACED.value)
    return await _write(desk, account, other, {**value, "supersedes": names}, going, None)


async def _file(desk: EditingDesk, account: Account, name: str) -> Live:
    """An answer's file, which the account may change. Raises NotFound, NotYours, Refused."""
    live = await desk.live(name)
    if live.text is None or "." not in name:
        raise NotFound
    if live.value is None:
        raise unreadable()
    check_may(account, Right.SEE, name, live.value)
    return live


async def _moved(desk: EditingDesk, account: Account, form: Form) -> Conflict:
    """The file is another one than was looked at, and nothing of anybody's is in a draft."""
    draft = StoredDraft(
        form.name, 0, form.base_file, form.value, State.WRITING, "", (), account.id, desk.clock()
    )
    return await file_moved(desk, account, draft)


async def _message(desk: EditingDesk, name: str, going: _Going, draft: StoredDraft | None) -> str:
    subject = " ".join(going.note.split())[:100] or going.kind.value
    lines = [f"{name}: {subject}"]
    if draft and draft.approved_by and draft.state is State.APPROVED:
        names = await desk.transact(full_names)
        lines.append(f"Approved by {names.get(draft.approved_by, '')}.")
    if going.reason:
        lines.append(f"Nobody else has looked yet: {' '.join(going.reason.split())}")
    return "\n\n".join(lines)


def _is_ahead(value: Mapping[str, object], now: datetime.datetime) -> bool:
    try:
        return "publish_at" in value and _MOMENT.validate_python(typed(value["publish_at"])) > now
    except ValidationError:  # which the check says
        return False


def _check_not_live(desk: EditingDesk, name: str, live: Live) -> None:
    answer = _answer(name, live.value or {})
    if answer and answer.status_at(desk.clock()).value == "published":
        raise Refused(
            "live_already",
            "This answer is live, and would not be shown until then. Begin a new one that takes its place.",
        )


def _answer(name: str, value: Mapping[str, object]) -> Answer | None:
    try:
        return Answer.model_validate({**typed(value), "id": name}) if "." in name else None
    except ValidationError:
        return None
