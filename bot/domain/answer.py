"""What an answer has that other rooms speak of: its topic, its sides, its verdict, its sources."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.domain.language import Language

TOPICS = ("city", "investment", "diaspora", "culture", "clarification")
"""The folders of content/, in the order in which menus show them."""

ALL_NEWS = "clarification"
"""The topic of all news, for those who choose no narrower one. Its answers, clarifications, are the news."""


def news_topics(related: Iterable[str]) -> frozenset[str]:
    """The topics whose subscribers a clarification is news to: those of the answers that it names as
    related, by their ids, else the city; and all news."""
    named = {answer_id.partition(".")[0] for answer_id in related} - {ALL_NEWS}
    return frozenset({ALL_NEWS, *(named or {"city"})})


class Facet(StrEnum):
    """One side of an answer that a follow-up question asks for."""

    HOURS = "hours"
    PRICE = "price"
    LOCATION = "location"
    GETTING_THERE = "getting_there"
    DURATION = "duration"
    SEASON = "season"
    DOCUMENTS = "documents"
    LAW = "law"
    SOURCE = "source"
    CONTACT = "contact"


class Verdict(StrEnum):
    """What a clarification says of a claim. No word that YAML reads as a truth value."""

    REFUTED = "refuted"
    MISLEADING = "misleading"
    PARTLY_TRUE = "partly_true"
    CONFIRMED = "confirmed"
    OUTDATED = "outdated"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _partial_date(value: object) -> object:
    """Accept a day, a month ("2016-03") or a year (2016), as YAML reads them."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    text = str(value)
    if re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", text):
        return text
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return datetime.date.fromisoformat(text).isoformat()
    raise ValueError("write a day (2016-03-10), a month ('2016-03') or a year (2016)")


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://\S+", text):
        raise ValueError("write an address that begins with https://, without blanks")
    return text


Text = Annotated[str, AfterValidator(_composed), Field(min_length=1)]
"""Text in Unicode NFC, without white space around it, never empty."""

PartialDate = Annotated[str, BeforeValidator(_partial_date)]
"""An ISO day, month or year, as text."""

Url = Annotated[str, AfterValidator(_address)]


class Strict(BaseModel):
    """A piece of content: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Source(Strict):
    """Where a fact comes from, as a person is shown it."""

    title: Text
    number: Text | None = None
    issuer: Text | None = None
    date: PartialDate | None = None
    url: Url | None = None


class BothLanguages(Strict):
    """A short text in both languages."""

    vi: Text
    en: Text

    def __getitem__(self, language: Language) -> str:
        return self.en if language is Language.EN else self.vi
