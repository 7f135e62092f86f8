"""Telling people without being asked: a clarification or a bulletin to its subscribers, a correction to those
who wanted to hear of it. Whom it reaches is said before, how far it is while it goes out; and it can be
stopped."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sqlalchemy import Connection

from bot.cards.deliveries import compose_delivery
from bot.content.bulletins import Bulletin
from bot.content.library import Library
from bot.content.schema import Answer
from bot.desk import audit, previews
from bot.desk.accounts import Account
from bot.desk.bulletins import topics_of
from bot.desk.editing import WHOLE_CITY, EditingDesk, NotFound, NotYours, Refused
from bot.domain.answer import ALL_NEWS, news_topics
from bot.domain.bulletin import announcement_of
from bot.domain.delivery import DueDelivery
from bot.domain.language import Language
from bot.storage import announcements, watches
from bot.storage.announcements import Reader
from bot.storage.editors import publications
from bot.storage.errors import DatabaseAway
from bot.storage.models import DeliveryStatus
from bot.storage.outbox import queue_news

LEAST = 5
"""A count below this is not shown, and none more exactly than by it, so that nobody can be told from the
others: "fewer than five", "about 105"."""

SECONDS_EACH = 0.25
"""What a delivery takes on a platform; each channel gets one after the other (bot.answering.delivery_worker),
which is less than any platform allows."""

CHANGED_WITHIN = datetime.timedelta(days=90)
"""For how long a changed answer is offered to be told of."""


class Audience(StrEnum):
    """Who is told."""

    NEWS = "news"
    """The subscribers of its topics."""

    CHANGE = "change"
    """Those who asked to hear when this answer changes."""

    BULLETIN = "bulletin"
    """The subscribers of the topics of a bulletin's answers."""


class DeliveryProgress(StrEnum):
    """What became of what was queued."""

    QUEUED = "queued"
    WAITING = "waiting"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom it would reach, in counts that tell of nobody (see LEAST; 0 stands for fewer than that).

    is_anybody: whether there is anybody at all. minutes: until the last of a channel is told, where that is
    for us to say.
    """

    is_anybody: bool
    total: int
    by_channel: Mapping[str, int]
    by_language: Mapping[Language, int]
    by_topic: Mapping[str, int]
    minutes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What sending would do, and what was sent.

    is_live: people are shown it; a correction may also be that it was withdrawn. seal: stands for exactly
    this; a "yes" names it. progress: by what became of it, in such counts; is_going_out: more is to come.
    """

    name: str
    titles: Mapping[Language, str]
    audience: Audience
    is_live: bool
    reach: Reach
    seal: str
    progress: Mapping[DeliveryProgress, int]
    is_going_out: bool
    may_send: bool
    previews: previews.Previews


@dataclass(frozen=True, slots=True)
class Announceable:
    """Something that could be announced; day: from when it is; announced: when it last was."""

    name: str
    titles: Mapping[Language, str]
    audience: Audience
    day: datetime.date
    announced: datetime.datetime | None
    may_send: bool


async def announceable(desk: EditingDesk, account: Account) -> list[Announceable] | None:
    """Corrections that somebody waits for, then the published bulletins and clarifications, the newest first;
    None if the bot's database cannot be read."""
    if desk.bot is None:
        return None
    now, library = desk.clock(), desk.library()

    def look(connection: Connection) -> tuple[dict[str, datetime.datetime], frozenset[str]]:
        return announcements.announced(connection), announcements.watched(connection, now)

    found = await desk.bot.read(look)
    if found is None:
        return None
    told, watched = found
    changes = []
    for name in sorted(watched & library.answers.keys()):
        served = library.published(name)
        last = await desk.transact(partial(publications.last_at, answer_id=name))
        is_changed = last is not None and now - last <= CHANGED_WITHIN
        if not is_changed and served is not None and served.id == name:
            continue
        prospect = await look_at(desk, account, name, Audience.CHANGE)
        if prospect.reach.is_anybody:
            changes.append(_listed(_of_answer(library.answers[name]), Audience.CHANGE, account, last, None))
    matters = [
        *((Audience.BULLETIN, _of_bulletin(bulletin)) for bulletin in library.published_bulletins()),
        *((Audience.NEWS, _of_answer(answer)) for answer in library.of_topic(ALL_NEWS)),
    ]
    news = [
        _listed(matter, audience, account, None, told.get(matter.announcement))
        for audience, matter in matters
    ]
    return [*changes, *sorted(news, key=lambda one: one.day, reverse=True)]


async def look_at(desk: EditingDesk, account: Account, name: str, audience: Audience) -> Prospect:
    """What sending would do now.

    Raises:
        NotFound: there is nothing of this name for this audience.
        NotYours: the account may not even see it.
        DatabaseAway.
    """
    if not (account.may_write or account.may_approve or account.may_administer) or account.is_disabled:
        raise NotYours
    library = desk.library()
    matter, subject = _matter(library, name, audience), await _subject(desk, name, audience)
    now = desk.clock()

    def look(connection: Connection) -> tuple[list[Reader], dict[tuple[str, DeliveryStatus], int]]:
        if audience is Audience.CHANGE:
            readers = announcements.watchers_to_tell(
                connection, name, subject.version, subject.seen_since, now
            )
        else:
            readers = announcements.subscribers_to_tell(connection, matter.announcement, matter.topics)
        return readers, announcements.progress(connection, matter.announcement, subject.change)

    found = await desk.bot.read(look) if desk.bot else None
    if found is None:
        raise DatabaseAway("the bot's database")
    readers, sent = found
    reach = reach_of(readers, () if audience is Audience.CHANGE else matter.topics)
    by_status = Counter[DeliveryProgress]()
    for (_, status), number in sent.items():
        by_status[DeliveryProgress(status.value)] += number
    return Prospect(
        name, matter.titles, audience,
        audience is Audience.BULLETIN or library.published(name) is not None, reach, _seal(subject, reach),
        {state: coarse(by_status[state]) for state in DeliveryProgress if by_status[state]},
        by_status[DeliveryProgress.QUEUED] > 0, may_announce(account, matter.office),
        _previews(desk, library, matter.announcement, subject.change),
    )  # fmt: skip


async def send(desk: EditingDesk, account: Account, name: str, audience: Audience, seal: str) -> bool:
    """Send it to exactly those of whom the page told; False if that is another thing now, and nothing was
    sent.

    Raises:
        NotFound, NotYours, DatabaseAway.
        Refused: there is nobody to tell (`nobody_to_tell`).
    """
    prospect = await look_at(desk, account, name, audience)
    matter = _matter(desk.library(), name, audience)
    if not prospect.may_send:
        raise NotYours
    if not prospect.reach.is_anybody:
        raise Refused("nobody_to_tell", "Nobody is left to be told.")
    if prospect.seal != seal:
        return False
    subject, now = await _subject(desk, name, audience), desk.clock()

    def work(connection: Connection) -> None:
        if audience is Audience.CHANGE:
            watches.queue_corrections(connection, name, subject.version, subject.seen_since, now)
        else:
            queue_news(connection, matter.announcement, matter.topics, now)

    await _change(desk, account, name, audience, "announce", work, people=prospect.reach.total)
    return True


async def stop(desk: EditingDesk, account: Account, name: str, audience: Audience) -> None:
    """Take back what is not sent yet. Raises NotFound, NotYours, DatabaseAway."""
    matter, subject = _matter(desk.library(), name, audience), await _subject(desk, name, audience)
    if not may_announce(account, matter.office):
        raise NotYours

    def work(connection: Connection) -> None:
        announcements.stop(connection, matter.announcement, subject.change)

    await _change(desk, account, name, audience, "announce_stop", work)


def may_announce(account: Account, office: str) -> bool:
    """Whether an account may speak to people of its own accord for an office: whoever approves what goes out
    for it, and whoever administers."""
    return not account.is_disabled and (account.may_let_go_out(office) or account.may_administer)


def coarse(number: int) -> int:
    """A count, no more exact than tells of nobody; 0 stands for fewer than LEAST."""
    return number // LEAST * LEAST


def reach_of(readers: Sequence[Reader], topics: Iterable[str]) -> Reach:
    """Whom it reaches, counted so that nobody can be told from the counts."""
    channels = Counter(reader.channel for reader in readers)
    wanted = frozenset(topics)
    by_topic = Counter(topic for reader in readers for topic in reader.topics if topic in wanted)
    languages = Counter(reader.language for reader in readers)
    return Reach(
        bool(readers), coarse(len(readers)),
        {channel: coarse(number) for channel, number in sorted(channels.items())},
        {language: coarse(languages[language]) for language in Language if languages[language]},
        {topic: coarse(number) for topic, number in sorted(by_topic.items())},
        {channel: math.ceil((coarse(number) + LEAST) * SECONDS_EACH / 60)
         for channel, number in channels.items()},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is told: of a correction which version, and since when it is live; change: None for news."""

    version: str
    change: str | None
    seen_since: datetime.datetime | None


async def _subject(desk: EditingDesk, name: str, audience: Audience) -> _Subject:
    if audience is Audience.BULLETIN:
        said = repr(desk.library().bulletins.get(name))
        return _Subject(hashlib.sha256(said.encode()).hexdigest(), None, None)
    live = await desk.live(name)
    if audience is Audience.NEWS:
        return _Subject(live.revision, None, None)
    served = desk.library().published(name)
    is_other = served is not None and served.id != name
    version = f"{live.revision}{f':{served.id}' if served and is_other else ''}"[:64]
    last = await desk.transact(lambda connection: publications.last_at(connection, name))
    return _Subject(version, version, None if is_other else last)


@dataclass(frozen=True, slots=True)
class _Matter:
    """What can be announced. announcement: how it is called among the deliveries; topics: whose subscribers
    get it; office: for which it speaks; day: from when it is."""

    name: str
    announcement: str
    titles: Mapping[Language, str]
    topics: frozenset[str]
    office: str
    day: datetime.date


def _of_answer(answer: Answer) -> _Matter:
    return _Matter(
        answer.id, answer.id, {language: answer[language].title for language in Language},
        frozenset(news_topics(answer.related)), answer.office,
        answer.clarified.date if answer.clarified else answer.checked,
    )  # fmt: skip


def _of_bulletin(bulletin: Bulletin) -> _Matter:
    return _Matter(
        bulletin.id, announcement_of(bulletin.id, bulletin.date),
        {language: bulletin[language].title for language in Language},
        topics_of(bulletin), WHOLE_CITY, bulletin.date,
    )  # fmt: skip


def _matter(library: Library, name: str, audience: Audience) -> _Matter:
    """What is called so and may be told to this audience. Raises NotFound."""
    if audience is Audience.BULLETIN:
        for bulletin in library.published_bulletins():
            if bulletin.id == name:
                return _of_bulletin(bulletin)
        raise NotFound
    answer = library.answers.get(name)
    if answer is None:
        raise NotFound
    if audience is Audience.NEWS and (library.published(name) is None or answer.topic != ALL_NEWS):
        raise NotFound
    if audience is Audience.CHANGE and not library.tells_of(name):
        raise NotFound
    return _of_answer(answer)


def _listed(
    matter: _Matter, audience: Audience, account: Account, at: datetime.datetime | None,
    announced: datetime.datetime | None,
) -> Announceable:  # fmt: skip
    return Announceable(
        matter.name, matter.titles, audience, at.date() if at else matter.day, announced,
        may_announce(account, matter.office),
    )  # fmt: skip


def _seal(subject: _Subject, reach: Reach) -> str:
    """A name for exactly this: which words to whom, as far as it was shown."""
    said = repr((subject.version, reach))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _previews(
    desk: EditingDesk, library: Library, announcement: str, change: str | None
) -> previews.Previews:
    cards = []
    for language in Language:
        due = DueDelivery(
            0, "", "", language, None, None, None, announcement, change, None, 0, 0, None
        )  # fmt: skip
        cards += [previews.drawn(card, library) for card in compose_delivery(due, library, desk.today)]
    return previews.Previews(tuple(cards), ())


async def _change(
    desk: EditingDesk, account: Account, name: str, audience: Audience, deed: str,
    work: Callable[[Connection], None], **detail: object,
) -> None:  # fmt: skip
    if desk.bot is None:
        raise DatabaseAway("the bot's database")
    await desk.bot.change(work)
    now = desk.clock()
    await desk.transact(
        lambda connection: audit.note(
            connection, account.name, deed, name, now, audience=audience.value, **detail
        )
    )
