"""What people asked and found no answer to: listed by likeness, given to an office, put into an answer, and
replied to where somebody waits."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz, process
from sqlalchemy import Connection

from bot.cards.contact import RECEPTION
from bot.cards.deliveries import compose_delivery
from bot.content.library import Library
from bot.content.schema import TITLE_LIMIT
from bot.desk import audit, beginning, findability, previews
from bot.desk.accounts import Account
from bot.desk.drafting import Conflict, Saved
from bot.desk.editing import WHOLE_CITY, EditingDesk, NotFound, NotYours, Refused, Right, may
from bot.desk.likeness import alike
from bot.domain.clock import local_day
from bot.domain.delivery import DueDelivery
from bot.domain.errors import NotPossible
from bot.domain.language import Language
from bot.storage import questions, traffic
from bot.storage.errors import DatabaseAway
from bot.storage.models import DeliveryStatus, QuestionState
from bot.storage.outbox import Failure, ListedQuestion, list_questions, queue_reply
from bot.text.folding import words
from bot.text.personal_numbers import MASK

NEWEST = 500
"""Questions that are looked at, the newest."""

OVERDUE = datetime.timedelta(days=3)
"""After this somebody has waited for a reply for too long."""

RECENT = datetime.timedelta(days=7)
"""Of how long a group tells how often it was asked lately."""

SUGGESTIONS_MOST = 4
"""Answers that are suggested for a group."""

ASKED_OF_MODEL = 3
"""Questions of a group that are put to the model for what it would answer."""

REPLY_MOST = 4000
"""Characters of a reply."""

LIKE_ENOUGH = 60
"""From this likeness on (0 to 100) an answer's question suggests the answer."""


class Show(StrEnum):
    """Which questions are wanted."""

    OPEN = "open"
    """Those with which something is to be done: somebody waits, or nothing was found."""

    WAITING = "waiting"
    DONE = "done"


class ReplyState(StrEnum):
    """What became of a reply."""

    QUEUED = "queued"
    WAITING = "waiting"
    """It goes with the answer to the person's next message."""

    SENT = "sent"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as editors see it: never who asked.

    office: whose work it is; "*" if nobody in particular's. day: on which it was asked; waits_days: since
    when somebody waits for a reply, in whole days; None if nobody does. reply: what became of one.
    answer: into which answer it was put.
    """

    id: int
    text: str
    language: Language
    channel: str
    nearest: str | None
    state: QuestionState
    office: str
    day: datetime.date
    waits_days: int | None
    is_overdue: bool
    reply: ReplyState | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class AskedGroup:
    """Questions that ask much the same: those to which somebody waits, the longest first, then the newest.
    recent: how many of them in the last seven days."""

    questions: tuple[AskedQuestion, ...]
    recent: int

    @property
    def first(self) -> AskedQuestion:
        """The one that stands for all."""
        return self.questions[0]

    @property
    def lines(self) -> list[tuple[AskedQuestion, int]]:
        """The questions as a page shows them: of those that nobody waits for and that say the same, one, with
        how many more there are."""
        found: dict[object, list[AskedQuestion]] = {}
        for one in self.questions:
            same = (one.language, one.answer, tuple(words(one.text)))
            is_alone = one.waits_days is not None or one.reply is not None
            found.setdefault(one.id if is_alone else same, []).append(one)
        return [(same[0], len(same) - 1) for same in found.values()]

    @property
    def waiting(self) -> int:
        """How many wait for a reply."""
        return sum(one.waits_days is not None for one in self.questions)

    @property
    def is_overdue(self) -> bool:
        """Whether somebody has waited too long."""
        return any(one.is_overdue for one in self.questions)

    @property
    def waits_days(self) -> int:
        """For how many days the one who waits longest has; 0 if nobody does."""
        return max((one.waits_days or 0 for one in self.questions), default=0)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer that a group may ask for; may_add: the account may write it."""

    answer: str
    title: str
    may_add: bool


async def groups(
    desk: EditingDesk, account: Account, show: Show = Show.OPEN, office: str | None = None
) -> list[AskedGroup] | None:
    """The questions that an account may see, by likeness: those where somebody waits too long first, then
    what is asked most these days. None if the bot's database cannot be read."""
    found = await _visible(desk, account)
    if found is None:
        return None
    wanted = [one for one in found if _is_shown(one, show) and office in {None, one.office}]
    since = local_day(desk.clock() - RECENT)
    made = [_group(group, since) for group in alike(wanted)]
    if show is Show.DONE:
        return made
    # The sort is stable: of equals the newest stays first.
    return sorted(
        made,
        key=lambda group: (
            -group.waits_days if group.is_overdue else 1, -group.recent, -len(group.questions)
        ),
    )  # fmt: skip


async def group_of(desk: EditingDesk, account: Account, question: int) -> AskedGroup:
    """The group in which a question is. Raises NotFound, DatabaseAway."""
    found = await _visible(desk, account)
    if found is None:
        raise DatabaseAway("the bot's database")
    this = next((one for one in found if one.id == question), None)
    if this is None:
        raise NotFound
    is_done = _is_shown(this, Show.DONE)
    near = [one for one in found if _is_shown(one, Show.DONE) == is_done]
    group = next(group for group in alike(near) if this in group)
    since = local_day(desk.clock() - RECENT)
    return _group(group, since)


async def number_waiting(desk: EditingDesk, account: Account) -> tuple[int, int, int] | None:
    """How many questions of an account's offices wait for a reply, how many of them for too long, and how
    many others nothing was found for. None if the bot's database cannot be read."""
    found = await _visible(desk, account)
    if found is None:
        return None
    waiting = [one for one in found if one.waits_days is not None]
    return (
        len(waiting), sum(one.is_overdue for one in waiting),
        sum(one.state is QuestionState.OPEN for one in found),
    )  # fmt: skip


async def suggestions(desk: EditingDesk, account: Account, group: AskedGroup) -> list[Suggestion]:
    """The answers that a group most likely asks for: what the model says that answers people, what came
    nearest when it was asked, and answers with a question in much the same words."""
    library = desk.library()
    texts = list(dict.fromkeys(one.text for one in group.questions))[:ASKED_OF_MODEL]
    ranked = [one for one in (group.first.nearest,) if one]
    if desk.rasa is not None:
        read = await asyncio.gather(*(findability.read(desk.rasa, text) for text in texts))
        ranked = [*(answer for one in read if one for answer in one.answers), *ranked]
    ranked += _by_words(library, texts[0])
    found: dict[str, Suggestion] = {}
    for name in ranked:
        answer = library.published(name)
        if answer and answer.id not in found:
            title = answer[account.language].title
            found[answer.id] = Suggestion(answer.id, title, may(account, Right.WRITE, {answer.office}))
    return list(found.values())[:SUGGESTIONS_MOST]


async def add(
    desk: EditingDesk, account: Account, group: AskedGroup, answer: str, ids: Iterable[int]
) -> Saved | Conflict:
    """Put questions into an answer's draft, and count the whole group as settled; who waits, waits on.

    Args:
        desk: what there is to work with.
        account: whose doing it is.
        group: what is settled.
        answer: id of the answer.
        ids: whose texts become its sample questions; of equal ones one does.

    Raises:
        NotFound, NotYours, Refused: none was chosen; DatabaseAway: nothing was changed.
    """
    _check(account, group)
    chosen = [one for one in group.questions if one.id in set(ids)]
    texts = {(one.language, tuple(words(one.text))): (one.language, sample(one.text)) for one in chosen}
    if not any(text for _, text in texts.values()):
        raise Refused("no_question_chosen", "Choose a question to add.")
    for language, text in texts.values():
        saved = await findability.move_question(desk, account, answer, language, text)
        if isinstance(saved, Conflict):
            return saved
    await _settle(desk, account, group, answer)
    return saved


async def begin(
    desk: EditingDesk, account: Account, group: AskedGroup, topic: str, office: str, titles: tuple[str, str]
) -> str:
    """Begin a new answer with the group's first question in it; its id. titles: Vietnamese, English.

    Raises:
        NotYours, Refused, DatabaseAway: nothing was changed.
    """
    _check(account, group)
    name = await beginning.begin(desk, account, topic, office, *titles)
    await findability.move_question(desk, account, name, group.first.language, sample(group.first.text))
    await _settle(desk, account, group, name)
    return name


async def set_aside(desk: EditingDesk, account: Account, group: AskedGroup) -> None:
    """Say that questions are nothing for the city; those to which somebody waits stay.

    Raises:
        NotYours, DatabaseAway.
    """
    _check(account, group)
    await _settle(desk, account, group, None)


async def reopen(desk: EditingDesk, account: Account, group: AskedGroup) -> None:
    """Put settled questions back among the others. Raises NotYours, DatabaseAway."""
    _check(account, group)
    ids = [one.id for one in group.questions]
    await _change(desk, account, lambda connection: questions.reopen(connection, ids), "question_reopen", ids)


async def assign(desk: EditingDesk, account: Account, group: AskedGroup, office: str) -> None:
    """Give questions to an office, whose editors see them from now on.

    Raises:
        NotYours, Refused: there is no such office; DatabaseAway.
    """
    _check(account, group)
    if office not in desk.library().offices:
        raise Refused("no_office_named", "Choose an office.")
    ids = [one.id for one in group.questions]
    await _change(
        desk, account, lambda connection: questions.assign(connection, ids, office), "question_assign", ids,
        office=office,
    )  # fmt: skip


async def reply(
    desk: EditingDesk, account: Account, question: AskedQuestion, text: str, answer: str | None
) -> None:
    """Send the staff's reply to whoever left a question, once.

    Args:
        desk: what there is to work with.
        account: whose doing it is.
        question: to which.
        text: in Markdown; it may be empty if an answer goes with it.
        answer: id of an answer to show with it.

    Raises:
        NotYours, DatabaseAway.
        Refused: it is empty or too long, nobody waits any more, or the answer is not published.
    """
    _check_of(account, {question.office})
    text = _checked(desk, text, answer)
    now = desk.clock()

    def work(connection: Connection) -> None:
        queue_reply(connection, question.id, text, answer, now)

    try:
        await _change(desk, account, work, "question_reply", [question.id])
    except NotPossible as error:
        raise Refused("reply_too_late", str(error)) from error


def preview_reply(
    desk: EditingDesk, account: Account, question: AskedQuestion, text: str, answer: str | None
) -> previews.Previews:
    """How a reply would look on each channel. Raises NotYours, Refused as `reply` does."""
    _check_of(account, {question.office})
    due = DueDelivery(
        0, question.channel, "", question.language, question.text, _checked(desk, text, answer), answer, None,
        None, None, 0, 0, None,
    )  # fmt: skip
    library = desk.library()
    cards = compose_delivery(due, library, desk.today)
    return previews.Previews(tuple(previews.drawn(card, library) for card in cards), ())


def sample(text: str) -> str:
    """A question as one of an answer's sample questions: on one line, without what was masked."""
    return " ".join(text.replace(MASK, " ").split())


def title_of(text: str) -> str:
    """A question as the title of a new answer, to be mended by its editor."""
    title = sample(text).rstrip("?!. ")
    if len(title) > TITLE_LIMIT:
        title = title[:TITLE_LIMIT].rpartition(" ")[0] or title[:TITLE_LIMIT]
    return title[:1].upper() + title[1:]


def _checked(desk: EditingDesk, text: str, answer: str | None) -> str:
    text = text.strip()
    if not text:
        raise Refused("reply_empty", "Write what the person is told.")
    if len(text) > REPLY_MOST:
        raise Refused("reply_long", "The reply is too long.", limit=str(REPLY_MOST))
    if answer is not None and desk.library().published(answer) is None:
        raise Refused("answer_not_published", "This answer is not published.")
    return text


def _group(questions: Sequence[AskedQuestion], since: datetime.date) -> AskedGroup:
    ordered = sorted(questions, key=lambda one: -one.waits_days if one.waits_days is not None else 1)
    return AskedGroup(tuple(ordered), sum(one.day > since for one in questions))


async def _visible(desk: EditingDesk, account: Account) -> list[AskedQuestion] | None:
    """The newest questions of an account's offices, the newest first."""
    if desk.bot is None:
        return None
    listed = await desk.bot.read(
        lambda connection: list_questions(connection, everything=True, newest=NEWEST)
    )
    if listed is None:
        return None
    library, now = desk.library(), desk.clock()
    shown = [_shown(one, library, now) for one in reversed(listed)]
    return [one for one in shown if may(account, Right.SEE, {one.office})]


def _shown(one: ListedQuestion, library: Library, now: datetime.datetime) -> AskedQuestion:
    waits = now - one.asked_at if one.state is QuestionState.LEFT else None
    return AskedQuestion(
        one.id, one.text, one.language, one.channel, one.nearest, one.state, _office(one, library),
        local_day(one.asked_at), waits.days if waits is not None else None,
        waits is not None and waits >= OVERDUE, _reply_state(one), one.answer,
    )  # fmt: skip


def _office(one: ListedQuestion, library: Library) -> str:
    """The office that an editor named, else that of the answer that came nearest, else the reception."""
    if one.office in library.offices:
        return one.office or ""
    answer = library.published(one.nearest)
    if answer:
        return answer.office
    return RECEPTION if RECEPTION in library.offices else WHOLE_CITY


def _reply_state(one: ListedQuestion) -> ReplyState | None:
    if one.status is None:
        return None
    if one.status is DeliveryStatus.UNDELIVERABLE:
        return ReplyState(one.reason) if one.reason in set(Failure) else ReplyState.GAVE_UP
    return ReplyState(one.status.value)


def _is_shown(one: AskedQuestion, show: Show) -> bool:
    is_done = one.state in {QuestionState.REPLIED, QuestionState.HANDLED}
    match show:
        case Show.DONE:
            return is_done
        case Show.WAITING:
            return one.waits_days is not None
    return not is_done


def _by_words(library: Library, text: str) -> list[str]:
    """Answers with a question in much the same words, the most alike first."""
    asked = " ".join(words(text))
    known: dict[str, str] = {}
    for answer in library.taught():
        for language in Language:
            for question in answer[language].questions:
                known.setdefault(" ".join(words(question)), answer.id)
    found = process.extract(
        asked, list(known), scorer=fuzz.token_set_ratio, score_cutoff=LIKE_ENOUGH, limit=SUGGESTIONS_MOST * 4
    )
    return [known[question] for question, _, _ in found]


def _check(account: Account, group: AskedGroup) -> None:
    _check_of(account, {one.office for one in group.questions})


def _check_of(account: Account, offices: Iterable[str]) -> None:
    if not may(account, Right.WRITE, offices):
        raise NotYours


async def _settle(desk: EditingDesk, account: Account, group: AskedGroup, answer: str | None) -> None:
    ids = [one.id for one in group.questions]
    deed = "question_add" if answer else "question_aside"
    detail = {"answer": answer} if answer else {}
    now = desk.clock()

    def work(connection: Connection) -> None:
        since = questions.first_asked(connection, ids)
        if questions.settle(connection, ids, answer) and answer and since:
            traffic.count_wait(connection, traffic.Dimension.ANSWER_WAIT, since, now)

    await _change(desk, account, work, deed, ids, **detail)


async def _change(
    desk: EditingDesk, account: Account, work: Callable[[Connection], object], deed: str,
    ids: Sequence[int], **detail: object,
) -> None:  # fmt: skip
    """Change something in the bot's database, and write down who did. Raises DatabaseAway."""
    if desk.bot is None:
        raise DatabaseAway("the bot's database")
    await desk.bot.change(work)
    now, subject = desk.clock(), ", ".join(f"#{one}" for one in ids[:10])
    await desk.transact(lambda connection: audit.note(connection, account.name, deed, subject, now, **detail))
