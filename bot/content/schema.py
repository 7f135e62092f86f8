"""What stands in content/: an answer, the offices, and the sentences of the bot itself."""

from __future__ import annotations

import datetime
import re
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.content.media import NAME
from bot.domain.answer import BothLanguages, Facet, Source, Strict, Text, Url, Verdict
from bot.domain.clock import VIETNAM, local_day
from bot.domain.language import Language

MARK = "✎"
"""Stands in a new file where something is to be filled in; nothing with it is published."""

TITLE_LIMIT = 60
"""Characters of a title: it has to fit a button on every platform."""


class AnswerStatus(StrEnum):
    """Where an answer stands in its life. Only a published one is served; of a withdrawn one people
    are told that it is."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def _answer_id(text: str) -> str:
    if not re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError("an id is <topic>.<file name> in a-z, 0-9 and hyphens: culture.floating-market")
    return text


_YEARS = range(2000, 2200)
"""Of moments; at the ends of the calendar there are some that no zone can tell."""


def _moment(value: object) -> datetime.datetime:
    """Accept a day (its first minute), a day and a time, or these with a zone, as YAML reads them."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d{1,2}:\d\d", value):
        with suppress(ValueError):
            value = datetime.datetime.strptime(value.replace("T", " "), "%Y-%m-%d %H:%M")
    if not isinstance(value, datetime.date) or value.year not in _YEARS:
        raise ValueError("write a day and a time in Việt Nam: 2026-12-01 08:00")
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=VIETNAM)
    return datetime.datetime.combine(value, datetime.time(), VIETNAM)


def _end(value: object) -> datetime.datetime:
    """A moment at which something ends: if it is a day, that day still belongs to it."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return _moment(value) + datetime.timedelta(days=1)
    return _moment(value)


Moment = Annotated[datetime.datetime, BeforeValidator(_moment)]
"""A moment, aware of its zone; an editor writes it in Việt Nam's time."""

End = Annotated[datetime.datetime, BeforeValidator(_end)]
"""A moment before which something is over; a day without a time is its last one."""

AnswerId = Annotated[str, AfterValidator(_answer_id)]


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


class Clarified(Strict):
    """Who clarified a claim, and when."""

    by: BothLanguages
    date: datetime.date


class FirstSeen(Strict):
    """Where a claim was met first, as far as that is known. who: spread it, as it may be said in public."""

    url: Url | None = None
    date: datetime.date | None = None
    who: Text | None = None


class Corrected(Strict):
    """The last correction of an answer that was wrong: when, and what people should know of it."""

    date: datetime.date
    what: BothLanguages


class Withdrawn(Strict):
    """When an answer was withdrawn, and why if people should know."""

    date: datetime.date | None = None
    reason: BothLanguages | None = None


def _media_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("the name of a file in content/media/, in a-z, 0-9 and hyphens: tran-de-port.vi.png")
    return text


MediaName = Annotated[Text, AfterValidator(_media_name)]


class MediaFiles(Strict):
    """The files of a picture. They may be the same one, if no words stand in it."""

    vi: MediaName
    en: MediaName

    def __getitem__(self, language: Language) -> str:
        return self.en if language is Language.EN else self.vi


class Media(Strict):
    """A picture that shows what words say badly: a map, a way, a time line.

    alt: what it shows, for those who do not see it. credit, licence: whose it is, and under which terms.
    clip: a film elsewhere, of which this is a still.
    """

    file: MediaFiles
    alt: BothLanguages
    credit: Text
    licence: Text
    clip: Url | None = None


class Answer(Strict):
    """A curated answer: one file of content/<topic>/.

    publish_at, withdraw_at: between these moments a published answer is served.
    supersedes: the answers in whose place this one is shown, once it is served.
    corrected: of an answer that was wrong, not of one that was brought up to date.
    first_seen: of a clarification's claim.
    """

    id: AnswerId
    status: AnswerStatus
    publish_at: Moment | None = None
    withdraw_at: End | None = None
    withdrawn: Withdrawn | None = None
    supersedes: tuple[AnswerId, ...] = ()
    office: Text
    checked: datetime.date
    review_by: datetime.date
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    related: tuple[AnswerId, ...] = ()
    map: Text | None = None
    media: Media | None = None
    verdict: Verdict | None = None
    clarified: Clarified | None = None
    first_seen: FirstSeen | None = None
    corrected: Corrected | None = None
    vi: AnswerText
    en: AnswerText

    def __getitem__(self, language: Language) -> AnswerText:
        return self.en if language is Language.EN else self.vi

    @property
    def topic(self) -> str:
        """The folder the answer stands in."""
        return self.id.partition(".")[0]

    def status_at(self, now: datetime.datetime) -> AnswerStatus:
        """The status that the schedule makes of the one in the file: before `publish_at` a published
        answer is still in review, from `withdraw_at` on it is withdrawn."""
        if self.status is not AnswerStatus.PUBLISHED:
            return self.status
        if self.withdraw_at and self.withdraw_at <= now:
            return AnswerStatus.WITHDRAWN
        return AnswerStatus.IN_REVIEW if self.publish_at and now < self.publish_at else AnswerStatus.PUBLISHED

    @property
    def is_in_error(self) -> bool:
        """Whether it should never have gone out: it is withdrawn, and people are told no reason."""
        is_withdrawn = self.status is AnswerStatus.WITHDRAWN
        return is_withdrawn and not (self.withdrawn and self.withdrawn.reason)

    @property
    def withdrawn_on(self) -> datetime.date | None:
        """The day on which it was or will be withdrawn, if that is known."""
        if self.withdrawn and self.withdrawn.date:
            return self.withdrawn.date
        return local_day(self.withdraw_at) if self.withdraw_at else None

    @field_validator("withdraw_at")
    @classmethod
    def _end_follows_beginning(
        cls, withdraw_at: datetime.datetime | None, info: ValidationInfo
    ) -> datetime.datetime | None:
        publish_at = info.data.get("publish_at")
        if withdraw_at and publish_at and withdraw_at <= publish_at:
            raise ValueError("does not lie after `publish_at`")
        return withdraw_at

    @field_validator("withdrawn")
    @classmethod
    def _of_a_withdrawal(cls, withdrawn: Withdrawn | None, info: ValidationInfo) -> Withdrawn | None:
        status = info.data.get("status", AnswerStatus.WITHDRAWN)
        if withdrawn and status is not AnswerStatus.WITHDRAWN and not info.data.get("withdraw_at"):
            raise ValueError("is only for `status: withdrawn` or beside `withdraw_at`")
        return withdrawn

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
        if self.topic != "clarification" and any(part is not None for part in (*parts, self.first_seen)):
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
