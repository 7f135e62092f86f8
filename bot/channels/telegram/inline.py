"""Inline mode: "@bot căn cước" in any chat lists answers to put into it.

It lists what has the words in it and decides nothing: which answer a question gets is the Rasa side's to say.
Nothing of it is kept, nor is it known which result was chosen.
"""

from __future__ import annotations

import asyncio
import datetime
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from telegram import InlineQuery, InlineQueryResultArticle, InlineQueryResultsButton
from telegram.ext import ExtBot

from bot.cards.answers import answer_card
from bot.channels.telegram.limits import INLINE_QUERY
from bot.channels.telegram.results import as_result
from bot.channels.telegram.updates import CHANNEL, language_of
from bot.content.library import Library
from bot.content.paths import share_path
from bot.content.schema import Answer
from bot.content.search import search
from bot.domain.answer import TOPICS
from bot.domain.clock import Clock, local_day, utc_now
from bot.domain.language import DEFAULT_LANGUAGE, Language
from bot.domain.plan import Kind, Plan
from bot.text.cleaning import clean
from bot.text.folding import words

RESULTS = 10
"""Answers that are listed at most."""

CACHED_SECONDS = 300
"""For how long Telegram may show the same list to whoever types the same: a correction is nowhere older."""


@dataclass
class Version:
    """What is known of one version of content/, on one day: how often it has each word in each language, and
    the results that were rendered."""

    library: Library
    day: datetime.date
    frequencies: Mapping[Language, Counter[str]]
    results: dict[tuple[str, Language], InlineQueryResultArticle] = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library, day: datetime.date) -> Version:
        """Count the words, which takes a fifth of a second."""
        return cls(library, day, {shown: _words_in(library, shown) for shown in Language})


class InlineMode:
    """Answers inline queries."""

    def __init__(
        self, bot: ExtBot[None], library: Callable[[], Library], public_url: str, clock: Clock = utc_now
    ) -> None:
        """`public_url`: where the answers' pages are; empty: nowhere."""
        self._bot = bot
        self._library = library
        self._public_url = public_url
        self._clock = clock
        self._kept: Version | None = None

    async def answer(self, query: InlineQuery) -> None:
        """Answer a query.

        Raises:
            TelegramError: Telegram did not take it, or it is too old.
        """
        messages = self._library().messages
        if messages.paused.on(CHANNEL):
            await self._bot.answer_inline_query(query.id, [], cache_time=0)
            return
        language = language_of(query.from_user.language_code) or DEFAULT_LANGUAGE
        text = clean(query.query[:INLINE_QUERY])
        # The first query after a change of content/ has an index made: nobody else should wait for that.
        listed, results = await asyncio.to_thread(self._results, text, language)
        shown_in = listed[0][1] if text and listed else language
        button = InlineQueryResultsButton(messages.telegram.open_chat[shown_in], start_parameter="inline")
        # What was typed decides alone, so the list serves all who type the same; else it is in the person's
        # language.
        await self._bot.answer_inline_query(
            query.id,
            results,
            cache_time=CACHED_SECONDS,
            is_personal=not (text and listed),
            button=button,
        )

    def _results(
        self, text: str, language: Language
    ) -> tuple[list[tuple[Answer, Language]], list[InlineQueryResultArticle]]:
        listed = self.listed(text, language)
        return listed, [self.result(answer, shown) for answer, shown in listed]

    def listed(self, text: str, language: Language) -> list[tuple[Answer, Language]]:
        """The answers to list, each with the language in which it is shown.

        That is the text's own, as far as our own texts tell; the other one adds what it alone finds.
        `language` decides where nothing was typed: then it is the newest clarifications.
        """
        version = self._version()
        library = version.library
        if not text:
            answers = [answer for topic in TOPICS for answer in library.of_topic(topic) if answer.clarified]
            return [(answer, language) for answer in sorted(answers, key=_newest_first)[:RESULTS]]
        own = _language_of(text, version.frequencies)
        matches: dict[str, tuple[Answer, Language]] = {}
        for shown in (own, own.other):
            for match in search(library, text, shown, RESULTS):
                matches.setdefault(match.answer.id, (match.answer, shown))
        return list(matches.values())[:RESULTS]

    def result(self, answer: Answer, language: Language) -> InlineQueryResultArticle:
        """A whole answer, to be put into a chat."""
        version = self._version()
        library, key = version.library, (answer.id, language)
        if key not in version.results:
            plan = Plan(reply=Kind.ANSWER, language=language, id=answer.id)
            card = answer_card(plan, library, version.day)
            picture = share_path(answer, language, library)
            version.results[key] = as_result(
                card, library.messages, self._bot.username, self._public_url, picture
            )
        return version.results[key]

    def _version(self) -> Version:
        library, day = self._library(), local_day(self._clock())
        if self._kept is None or self._kept.library is not library or self._kept.day != day:
            self._kept = Version.of(library, day)
        return self._kept


def _words_in(library: Library, language: Language) -> Counter[str]:
    answers = [answer for topic in TOPICS for answer in library.of_topic(topic)]
    texts = (text for answer in answers for text in (answer[language].title, *answer[language].questions))
    return Counter(word for text in texts for word in words(text))


def _language_of(text: str, frequencies: Mapping[Language, Counter[str]]) -> Language:
    """The language in which these words come more often, as a naive Bayes classifier counts it; Vietnamese
    where none does. The texts of both languages are about as long."""
    return max(
        Language, key=lambda shown: sum(math.log(1 + frequencies[shown][word]) for word in words(text))
    )


def _newest_first(answer: Answer) -> int:
    return -answer.clarified.date.toordinal() if answer.clarified else 0
