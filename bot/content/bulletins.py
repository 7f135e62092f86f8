"""Bulletins: what is new in the city, in both languages, with the answers that tell more. From
bulletins.yml."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.content.schema import TITLE_LIMIT, AnswerId
from bot.domain.answer import Strict, Text
from bot.domain.language import Language

ID_LIMIT = 48
TEXT_LIMIT = 1600
"""Characters of a text: with its title it fits one message on every platform."""

ANSWERS_MOST = 4
"""Answers to which a bulletin leads: as many buttons fit beside that which ends the news."""


def _bulletin_id(text: str) -> str:
    if len(text) > ID_LIMIT or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError(f"a bulletin is called by a-z, 0-9 and hyphens, at most {ID_LIMIT}: week-48")
    return text


BulletinId = Annotated[str, AfterValidator(_bulletin_id)]


class BulletinText(Strict):
    """A bulletin in one language; text: Markdown."""

    title: Annotated[Text, Field(max_length=TITLE_LIMIT)]
    text: Annotated[Text, Field(max_length=TEXT_LIMIT)]


class Bulletin(Strict):
    """A bulletin: an entry of bulletins.yml, under its id.

    date: of what it says now; it is sent once for each date, so what is new gets a new one.
    every: "week": on Monday morning, if its date is another one than last time; "by hand": when somebody
    sends it.
    answers: ids of those that tell more.
    """

    id: BulletinId
    status: Literal["draft", "published"]
    date: datetime.date
    every: Literal["week", "by hand"] = "by hand"
    answers: Annotated[tuple[AnswerId, ...], Field(min_length=1, max_length=ANSWERS_MOST)]
    vi: BulletinText
    en: BulletinText

    def __getitem__(self, language: Language) -> BulletinText:
        return self.en if language is Language.EN else self.vi

    def is_published(self, today: datetime.date) -> bool:
        """Whether it is for everybody to see on this day."""
        return self.status == "published" and self.date <= today
