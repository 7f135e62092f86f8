"""What the bot says, without any platform's markup."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from bot.domain.answer import Facet, Source, Verdict
from bot.domain.language import Language
from bot.domain.plan import Kind


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: it sends `payload` back to the bot, or opens `url`."""

    label: str
    payload: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture beside a card, which can be forwarded by itself.

    path: on the bot's own address, below PUBLIC_URL.
    alt: what it shows, for those who do not see it. caption: what goes with it wherever it is sent.
    page: the path of the page that it leads to; of a share image.
    """

    path: str
    alt: str
    caption: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that the bot says, in one language, without any platform's markup.

    text: Markdown (paragraphs, bold, lists, links).
    facet: the one that was asked for, also where the answer has none.
    action: the small talk or action; ids: what the choices lead to.
    claim, verdict, verdict_label, clarified: of a clarification.
    picture: shown beside the text; on platforms a message of its own before it.
    alert: what everybody is told first while the city has an emergency.
    notice: what to know before relying on the text (it may be out of date, the message was cut).
    version: of content/, from which it was made.
    """

    kind: Kind
    language: Language
    text: str
    title: str | None = None
    id: str | None = None
    facet: Facet | None = None
    action: str | None = None
    ids: tuple[str, ...] = ()
    claim: str | None = None
    verdict: Verdict | None = None
    verdict_label: str | None = None
    clarified: str | None = None
    alert: str | None = None
    notice: str | None = None
    sources: tuple[Source, ...] = ()
    checked: datetime.date | None = None
    office: str | None = None
    map_url: str | None = None
    picture: Picture | None = None
    buttons: tuple[Button, ...] = ()
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything said in answer to one message."""

    language: Language
    cards: tuple[Card, ...]
