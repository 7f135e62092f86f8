"""What stands in content/: an answer, the offices, and the sentences of the bot itself."""

from __future__ import annotations

import datetime
import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

TITLE_LIMIT = 60
"""Characters of a title: it has to fit a button on every platform."""

TOPICS = ("city", "investment", "diaspora", "culture", "clarification")
"""The folders of content/, in the order in which menus show them."""


class Language(StrEnum):
    """A language the bot answers in."""

    VI = "vi"
    EN = "en"

    @property
    def other(self) -> Language:
        """The other of the two languages."""
        return Language.EN if self is Language.VI else Language.VI


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


class Status(StrEnum):
    """Where an answer stands in its life; only a published one is served."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


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


def _answer_id(text: str) -> str:
    if not re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError("an id is <topic>.<file name> in a-z, 0-9 and hyphens: culture.floating-market")
    return text


Text = Annotated[str, AfterValidator(_composed), Field(min_length=1)]
"""Text in Unicode NFC, without white space around it, never empty."""

PartialDate = Annotated[str, BeforeValidator(_partial_date)]
"""An ISO day, month or year, as text."""

Url = Annotated[str, AfterValidator(_address)]
AnswerId = Annotated[str, AfterValidator(_answer_id)]


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


class AnswerText(Strict):
    """An answer in one language."""

    title: Annotated[Text, Field(max_length=TITLE_LIMIT)]
    claim: Text | None = None
    answer: Text
    questions: Annotated[tuple[Text, ...], Field(min_length=1)]
    facets: dict[Facet, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _source_is_computed(self) -> Self:
        if Facet.SOURCE in self.facets:
            raise ValueError("facets: 'source' needs no entry, it is made from `sources`")
        return self


class BothLanguages(Strict):
    """A short text in both languages."""

    vi: Text
    en: Text

    def __getitem__(self, language: Language) -> str:
        return self.en if language is Language.EN else self.vi


class Clarified(Strict):
    """Who clarified a claim, and when."""

    by: BothLanguages
    date: datetime.date


class Answer(Strict):
    """A curated answer: one file of content/<topic>/."""

    id: AnswerId
    status: Status
    office: Text
    checked: datetime.date
    review_by: datetime.date
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    related: tuple[AnswerId, ...] = ()
    map: Text | None = None
    verdict: Verdict | None = None
    clarified: Clarified | None = None
    vi: AnswerText
    en: AnswerText

    def __getitem__(self, language: Language) -> AnswerText:
        return self.en if language is Language.EN else self.vi

    @property
    def topic(self) -> str:
        """The folder the answer stands in."""
        return self.id.partition(".")[0]

    @field_validator("review_by")
    @classmethod
    def _review_follows_check(cls, review_by: datetime.date, info: ValidationInfo) -> datetime.date:
        if review_by < info.data.get("checked", review_by):
            raise ValueError("lies before `checked`")
        return review_by

    @field_validator("en")
    @classmethod
    def _same_facets(cls, en: AnswerText, info: ValidationInfo) -> AnswerText:
        vi = info.data.get("vi", en)
        if missing := ", ".join(sorted(vi.facets.keys() ^ en.facets.keys())):
            raise ValueError(f"facets: {missing} stands in one language only")
        return en

    @model_validator(mode="after")
    def _complete(self) -> Self:
        parts = (self.verdict, self.clarified, self.vi.claim, self.en.claim)
        if self.topic == "clarification" and None in parts:
            raise ValueError("a clarification needs verdict, clarified, and a claim in both languages")
        if self.topic != "clarification" and any(part is not None for part in parts):
            raise ValueError("verdict, clarified and claim belong to clarifications only")
        return self


class OfficeText(Strict):
    """An office's name and address in one language."""

    name: Text
    address: Text | None = None


class Office(Strict):
    """An office of the city: who answers for an answer, and how to reach it."""

    vi: OfficeText
    en: OfficeText
    phone: Text | None = None
    website: Url | None = None
    source: Source | None = None

    def __getitem__(self, language: Language) -> OfficeText:
        return self.en if language is Language.EN else self.vi
