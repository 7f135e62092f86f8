"""The list of answers, and the start page: what there is to do, and for whom."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection

from bot.content.fields import flat
from bot.content.library import Library
from bot.content.schema import Answer, AnswerStatus
from bot.content.ward_offices import WARDS
from bot.desk import in_step
from bot.desk.accounts import Account
from bot.desk.editing import BULLETINS, MESSAGES, OFFICES, EditingDesk, Right, may, may_with, offices_of
from bot.domain.language import Language
from bot.storage import feedback
from bot.storage.editors import drafts, publications
from bot.storage.editors.drafts import State, StoredDraft
from bot.storage.editors.names import full_names
from bot.storage.editors.publications import PublicationKind, Share, StoredPublication
from bot.storage.feedback import Votes
from bot.text.folding import fold

VOTES_OF = datetime.timedelta(days=90)
SHARE_OF = datetime.timedelta(days=90)
"""Of how long the list counts votes, and the share of answers that went out before somebody looked."""

UNHELPFUL_LEAST = 3
"""Votes against an answer from which they say something, if there are more of them than for it."""


class ListState(StrEnum):
    """Where an answer stands; a live one may have a draft beside it, and so two of these."""

    LIVE = "live"
    SCHEDULED = "scheduled"
    WITHDRAWN = "withdrawn"
    WRITING = "writing"
    SUBMITTED = "submitted"
    APPROVED = "approved"


SORTS = ("closest", "changed", "title", "checked", "review_by")
"""By what the list is sorted: what has the text that is searched for in its title or as one phrase first
(without a text as `changed`), the last changed draft first, the title, the oldest day first."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is wanted of the list; text: words of an answer's id and texts, diacritics or not.
    sort: of SORTS."""

    text: str = ""
    topic: str | None = None
    office: str | None = None
    state: ListState | None = None
    is_past_review: bool = False
    is_behind: bool = False
    is_often_unhelpful: bool = False
    sort: str = "closest"


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer in the list.

    checked, review_by: ISO days, empty if not given. behind: the language that was not brought up to date,
    and since when. updated_at, updated_by: of the draft. is_yours: the account may open it; of others' the
    list tells no more than everybody may read. is_from_git: the draft came by git.
    returned_with: the note with which a reviewer sent the draft back, until somebody changes it.
    """

    name: str
    topic: str
    office: str
    titles: Mapping[Language, str]
    states: tuple[ListState, ...]
    checked: str
    review_by: str
    is_past_review: bool
    behind: Language | None
    behind_since: datetime.datetime | None
    votes: Votes
    updated_at: datetime.datetime | None
    updated_by: str | None
    is_yours: bool
    is_from_git: bool
    returned_with: str | None = None

    @property
    def is_often_unhelpful(self) -> bool:
        """Whether people say that it does not help them."""
        return self.votes.unhelpful >= max(UNHELPFUL_LEAST, self.votes.helpful + 1)


@dataclass(frozen=True, slots=True)
class AnswerListing:
    """The rows that were wanted, and whether people's votes could be read."""

    rows: tuple[AnswerRow, ...]
    has_votes: bool


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that went out before somebody else had looked; may_look: this account is somebody else."""

    id: int
    name: str
    titles: Mapping[Language, str]
    kind: PublicationKind
    by: str
    at: datetime.datetime
    reason: str
    note: str
    may_look: bool


@dataclass(frozen=True, slots=True)
class Start:
    """What there is to do.

    to_review: what others submitted and this account may approve. mine: what it is writing itself.
    to_publish: what is approved. unseen: what went out early; share: of how many in 90 days.
    has_office_draft, has_sentence_draft, has_ward_draft, has_bulletin_draft: there are drafts of the offices,
    of the bot's own sentences, of the wards' offices, of bulletins.
    """

    to_review: tuple[AnswerRow, ...]
    mine: tuple[AnswerRow, ...]
    to_publish: tuple[AnswerRow, ...]
    scheduled: tuple[AnswerRow, ...]
    past_review: tuple[AnswerRow, ...]
    behind: tuple[AnswerRow, ...]
    unseen: tuple[Unseen, ...]
    share: Share
    has_office_draft: bool
    has_sentence_draft: bool
    has_ward_draft: bool
    has_bulletin_draft: bool


async def list_answers(desk: EditingDesk, account: Account, wanted: Filter) -> AnswerListing:
    """The answers that are wanted. Raises DatabaseAway."""
    votes = await _votes(desk)
    found = await _everything(desk, account, votes or {})
    needles = fold(wanted.text).split()
    texts = _texts(desk.library(), found.drafts) if needles else {}
    rows = [row for row in found.rows if _is_wanted(row, wanted)]
    rows = [row for row in rows if all(needle in texts.get(row.name, row.name) for needle in needles)]
    rows = _sorted(rows, wanted.sort)
    if needles and wanted.sort == "closest":
        rows.sort(key=lambda row: _distance(needles, row, texts.get(row.name, row.name)))
    return AnswerListing(tuple(rows), votes is not None)


async def start(desk: EditingDesk, account: Account) -> Start:
    """What there is to do for this account. Raises DatabaseAway."""
    found = await _everything(desk, account, {})
    now = desk.clock()

    def work(connection: Connection) -> tuple[list[StoredPublication], Share]:
        return publications.not_looked_at(connection), publications.share(connection, now - SHARE_OF)

    early, share = await desk.transact(work)
    of_state = {
        state: [row for row in found.rows if row.is_yours and state in row.states] for state in ListState
    }
    others = [row for row in of_state[ListState.SUBMITTED] if _is_others(found.drafts.get(row.name), account)]
    mine = [
        row
        for row in of_state[ListState.WRITING] + of_state[ListState.SUBMITTED]
        if (draft := found.drafts.get(row.name)) and account.id in draft.changed_by
    ]
    offices = {row.name: row.office for row in found.rows}
    titles = {row.name: row.titles for row in found.rows}
    return Start(
        tuple(row for row in others if may(account, Right.APPROVE, {row.office})),
        tuple(mine),
        tuple(of_state[ListState.APPROVED]),
        tuple(of_state[ListState.SCHEDULED]),
        tuple(_sorted([row for row in found.rows if row.is_yours and row.is_past_review], "review_by")),
        tuple(row for row in found.rows if row.is_yours and row.behind),
        tuple(
            _unseen(one, titles.get(one.answer_id, {}), found.names, account, offices.get(one.answer_id))
            for one in early
            if may(account, Right.SEE, _whose(one.answer_id, offices))
        ),
        share,
        OFFICES in found.drafts,
        MESSAGES in found.drafts,
        WARDS in found.drafts,
        BULLETINS in found.drafts,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[AnswerRow]
    drafts: dict[str, StoredDraft]
    names: dict[int, str]


async def _votes(desk: EditingDesk) -> dict[str, Votes] | None:
    if desk.bot is None:
        return None
    since = desk.today - VOTES_OF
    return await desk.bot.read(lambda connection: feedback.votes(connection, since))


async def _everything(desk: EditingDesk, account: Account, votes: Mapping[str, Votes]) -> _Found:
    library, now, today = desk.library(), desk.clock(), desk.today

    def work(
        connection: Connection,
    ) -> tuple[list[StoredDraft], dict[int, str], dict[str, tuple[Language, datetime.datetime]]]:
        live = [answer for answer in library.answers.values() if answer.status is AnswerStatus.PUBLISHED]
        return drafts.every(connection), full_names(connection), in_step.look(connection, live, now)

    stored, names, behind = await desk.transact(work)
    by_name = {draft.answer_id: draft for draft in stored}
    ids = dict.fromkeys([*(one.answer_id for one in stored if "." in one.answer_id), *library.answers])
    rows = [
        _row(
            name, library, by_name.get(name), names, account, today, behind.get(name),
            votes.get(name, Votes(0, 0)),
        )
        for name in ids
    ]  # fmt: skip
    return _Found(rows, by_name, names)


def _row(
    name: str, library: Library, draft: StoredDraft | None, names: Mapping[int, str], account: Account,
    today: datetime.date, behind: tuple[Language, datetime.datetime] | None, votes: Votes,
) -> AnswerRow:  # fmt: skip
    answer = library.answers.get(name)
    live = {"office": answer.office} if answer else None
    is_yours = may_with(account, Right.SEE, name, live, draft.value if draft else None)
    shown = draft if is_yours else None
    fields = flat(draft.value) if draft and answer is None else {}
    is_public = answer is not None and answer.status in {AnswerStatus.PUBLISHED, AnswerStatus.WITHDRAWN}
    if not is_public and not is_yours:
        fields, answer_shown = {}, None
    else:
        answer_shown = answer
    titles = {
        language: answer_shown[language].title if answer_shown else str(fields.get(f"{language}.title", ""))
        for language in Language
    }
    return AnswerRow(
        name=name,
        topic=name.partition(".")[0],
        office=answer.office if answer else str(flat(draft.value).get("office", "")) if draft else "",
        titles=titles,
        states=_states(library, answer, shown),
        checked=answer_shown.checked.isoformat() if answer_shown else str(fields.get("checked", "")),
        review_by=answer_shown.review_by.isoformat() if answer_shown else str(fields.get("review_by", "")),
        is_past_review=is_public
        and answer is not None
        and answer.status is AnswerStatus.PUBLISHED
        and answer.review_by < today,
        behind=behind[0] if behind else None,
        behind_since=behind[1] if behind else None,
        votes=votes,
        updated_at=shown.updated_at if shown else None,
        updated_by=names.get(shown.updated_by) if shown and shown.changed_by else None,
        is_yours=is_yours,
        is_from_git=bool(shown and not shown.changed_by)
        or (shown is None and answer is not None and not is_public),
        returned_with=shown.note if shown and _is_returned(shown) else None,
    )


def _is_returned(draft: StoredDraft) -> bool:
    """Whether it was sent back: it keeps who submitted it until somebody saves it again."""
    return draft.state is State.WRITING and draft.submitted_by is not None


def _states(library: Library, answer: Answer | None, draft: StoredDraft | None) -> tuple[ListState, ...]:
    found = []
    if answer and answer.status is AnswerStatus.PUBLISHED:
        status = library.status(answer)
        scheduled = ListState.SCHEDULED if status is AnswerStatus.IN_REVIEW else ListState.LIVE
        found.append(ListState.WITHDRAWN if status is AnswerStatus.WITHDRAWN else scheduled)
    elif answer and answer.status is AnswerStatus.WITHDRAWN:
        found.append(ListState.WITHDRAWN)
    elif answer and draft is None:
        found.append(ListState.SUBMITTED if answer.status is AnswerStatus.IN_REVIEW else ListState.WRITING)
    if draft:
        found.append(ListState(draft.state.value))
    return tuple(found)


def _is_wanted(row: AnswerRow, wanted: Filter) -> bool:
    return (
        wanted.topic in {None, row.topic}
        and wanted.office in {None, row.office}
        and (wanted.state is None or wanted.state in row.states)
        and (not wanted.is_past_review or row.is_past_review)
        and (not wanted.is_behind or row.behind is not None)
        and (not wanted.is_often_unhelpful or row.is_often_unhelpful)
        and (row.is_yours or bool(row.titles[Language.VI]))
    )


def _sorted(rows: list[AnswerRow], sort: str) -> list[AnswerRow]:
    if sort == "title":
        return sorted(rows, key=lambda row: fold(row.titles[Language.VI]))
    if sort in {"checked", "review_by"}:
        days = {row.name: row.checked if sort == "checked" else row.review_by for row in rows}
        return sorted(rows, key=lambda row: (days[row.name] or "9", row.name))
    return sorted(rows, key=lambda row: (row.updated_at is None, -_stamp(row), row.name))


def _distance(needles: list[str], row: AnswerRow, text: str) -> int:
    """How far an answer is from what is searched for: 0 says it in its title, 1 as one phrase, 2 has all its
    words, 3 has them as parts of others ("rang" in "trang")."""
    phrase = _as_words(needles)
    if any(phrase.search(fold(title)) for title in row.titles.values()):
        return 0
    if phrase.search(text):
        return 1
    return 2 if all(_as_words([needle]).search(text) for needle in needles) else 3


def _as_words(needles: list[str]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, needles)) + r"(?!\w)")


def _stamp(row: AnswerRow) -> float:
    return row.updated_at.timestamp() if row.updated_at else 0.0


def _texts(library: Library, stored: Mapping[str, StoredDraft]) -> dict[str, str]:
    """What is searched in, by id; drafts of others are not in it, whose rows show nothing of them."""
    found = {
        answer.id: _folded("\n".join(_words_of(answer)))
        for answer in library.answers.values()
        if answer.status in {AnswerStatus.PUBLISHED, AnswerStatus.WITHDRAWN} or answer.id not in stored
    }
    for name, draft in stored.items():
        if name not in library.answers:
            texts = [
                str(content) for path, content in flat(draft.value).items() if path[:3] in {"vi.", "en."}
            ]
            found[name] = _folded("\n".join([name, *texts]))
    return found


def _words_of(answer: Answer) -> list[str]:
    found = [answer.id]
    for language in Language:
        text = answer[language]
        found += [text.title, text.claim or "", text.answer, *text.questions]
    return found


@lru_cache(maxsize=2000)
def _folded(text: str) -> str:
    return fold(text)


def _is_others(draft: StoredDraft | None, account: Account) -> bool:
    return draft is None or account.id not in {*draft.changed_by, draft.submitted_by}


def _whose(name: str, offices: Mapping[str, str]) -> frozenset[str]:
    return offices_of(name, {"office": offices[name]}) if name in offices else offices_of(name, {"": ""})


def _unseen(
    one: StoredPublication, titles: Mapping[Language, str], names: Mapping[int, str], account: Account,
    office: str | None,
) -> Unseen:  # fmt: skip
    is_others = account.id not in {one.editor_id, *one.changed_by}
    whose = _whose(one.answer_id, {one.answer_id: office} if office else {})
    return Unseen(
        one.id, one.answer_id, titles, one.kind, names.get(one.editor_id, ""), one.at, one.reason or "",
        one.note, is_others and may(account, Right.APPROVE, whose),
    )  # fmt: skip
