"""The editors' commands beside the check: open questions, replies to them, announcements.

They write into the database that the service works on; the service sends.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.content.library import Library, load
from bot.content.schema import Answer
from bot.domain.answer import ALL_NEWS
from bot.domain.clock import utc_now
from bot.settings import Settings
from bot.settings import load as load_settings
from bot.storage.errors import DatabaseAway, DatabaseUnusable, unusable
from bot.storage.models import DeliveryStatus, QuestionState
from bot.storage.outbox import ListedQuestion, NotPossible, Outbox
from bot.storage.schema import opened

STATUS = {
    DeliveryStatus.QUEUED: "reply queued",
    DeliveryStatus.WAITING: "reply waits for their next message",
    DeliveryStatus.SENT: "reply sent",
    DeliveryStatus.UNDELIVERABLE: "reply undeliverable",
}


async def questions(*, everything: bool = False) -> list[str]:
    """The kept questions, a line each: number, age, language, what is to be done, and the text.

    Raises:
        SettingsError, NotPossible: why they cannot be listed.
    """
    async with _outbox(load_settings()) as outbox:
        kept = await outbox.questions(everything=everything)
    now = utc_now()
    return [_line(asked, now) for asked in kept] or ["No open questions."]


async def reply(question: int, text: str, answer: str | None) -> list[str]:
    """Queue a reply; a line that says so.

    Raises:
        SettingsError, ContentError, NotPossible: why not.
    """
    settings = load_settings()
    if not text.strip():
        raise NotPossible("The reply is empty.")
    if answer is not None:
        _published(_library(settings), answer)
    async with _outbox(settings) as outbox:
        await outbox.reply(question, text.strip(), answer)
    return [f"The reply to question {question} is queued; the running bot sends it."]


async def announce(answer: str) -> list[str]:
    """Queue a clarification for its subscribers; a line that says for how many.

    Raises:
        SettingsError, ContentError, NotPossible: why not.
    """
    settings = load_settings()
    library = _library(settings)
    clarification = _published(library, answer)
    if clarification.topic != ALL_NEWS:
        raise NotPossible(f"{answer} is no clarification, and only those are announced.")
    async with _outbox(settings) as outbox:
        number = await outbox.announce(answer, news_topics(clarification))
    return [f"{answer} is queued for {number} subscribers; the running bot sends it."]


def _library(settings: Settings) -> Library:
    return load(settings.content_dir)[0]


def news_topics(clarification: Answer) -> frozenset[str]:
    """The topics whose subscribers a clarification is news to: those of the answers that it names as
    related, else the city; and all news."""
    named = {related.partition(".")[0] for related in clarification.related} - {ALL_NEWS}
    return frozenset({ALL_NEWS, *(named or {"city"})})


def _published(library: Library, answer_id: str) -> Answer:
    if answer_id not in library.answers:
        raise NotPossible(f"There is no answer {answer_id}.")
    answer = library.published(answer_id)
    if answer is None:
        raise NotPossible(f"{answer_id} is not published.")
    return answer


def _line(asked: ListedQuestion, now: datetime.datetime) -> str:
    if asked.status:
        state = STATUS[asked.status]
        if asked.reason and asked.status is DeliveryStatus.WAITING:
            state = f"{state} ({asked.reason})"
    else:
        state = "reply wanted" if asked.state is QuestionState.LEFT else "no reply wanted"
    near = f"  (near {asked.nearest})" if asked.nearest else ""
    return (
        f"{asked.id:>5}  {_age(now - asked.asked_at):>4}  {asked.language}  {state:<16}  {asked.text}{near}"
    )


def _age(age: datetime.timedelta) -> str:
    """A length of time in its largest unit: 5m, 3h, 12d."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"


@asynccontextmanager
async def _outbox(settings: Settings) -> AsyncIterator[Outbox]:
    """The outbox of the service's database, whose tables are left as they are."""
    try:
        database = await opened(settings.database_url)
    except DatabaseUnusable as error:
        raise NotPossible(str(error)) from error
    try:
        yield Outbox(database)
    except DatabaseAway as error:
        raise NotPossible(str(unusable(database.url, error))) from error
    finally:
        await database.close()
