"""Questions that found no answer, the staff's replies to them, and clarifications that are announced.

These write into the database that the service works on; the service sends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.content.library import Library
from bot.content.loading import load
from bot.content.schema import Answer
from bot.domain.answer import ALL_NEWS, news_topics
from bot.domain.errors import NotPossible
from bot.settings import Settings
from bot.storage.errors import DatabaseAway, unusable
from bot.storage.outbox import ListedQuestion, Outbox
from bot.storage.schema import opened


async def questions(settings: Settings, *, everything: bool = False) -> list[ListedQuestion]:
    """The kept questions, oldest first; with `everything` also those that were replied to or settled.

    Raises:
        DatabaseUnusable: they cannot be listed.
    """
    async with outbox_of(settings) as outbox:
        return await outbox.questions(everything=everything)


async def reply(settings: Settings, question: int, text: str, answer: str | None) -> None:
    """Queue a reply.

    Args:
        settings: where the database and content/ are.
        question: its number.
        text: in Markdown.
        answer: the id of an answer to show with it.

    Raises:
        NotPossible, ContentError, DatabaseUnusable: why not.
    """
    if not text.strip():
        raise NotPossible("The reply is empty.")
    if answer is not None:
        _published(load(settings.content_dir).library, answer)
    async with outbox_of(settings) as outbox:
        await outbox.reply(question, text.strip(), answer)


async def announce(settings: Settings, answer: str) -> int:
    """Queue a clarification for its subscribers; for how many.

    Raises:
        NotPossible, ContentError, DatabaseUnusable: why not.
    """
    clarification = _published(load(settings.content_dir).library, answer)
    if clarification.topic != ALL_NEWS:
        raise NotPossible(f"{answer} is no clarification, and only those are announced.")
    async with outbox_of(settings) as outbox:
        return await outbox.announce(answer, news_topics(clarification.related))


def _published(library: Library, answer_id: str) -> Answer:
    if answer_id not in library.answers:
        raise NotPossible(f"There is no answer {answer_id}.")
    answer = library.published(answer_id)
    if answer is None:
        raise NotPossible(f"{answer_id} is not published.")
    return answer


@asynccontextmanager
async def outbox_of(settings: Settings) -> AsyncIterator[Outbox]:
    """The outbox of the service's database, whose tables are left as they are.

    Raises:
        DatabaseUnusable: why it cannot be used.
    """
    database = await opened(settings.database_url)
    try:
        yield Outbox(database)
    except DatabaseAway as error:
        raise unusable(database.url, error) from error
    finally:
        await database.close()
