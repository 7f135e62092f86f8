"""The public interface in JSON: what POST /api/messages takes and gives. Kept stable."""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.domain.answer import Facet, PartialDate, Verdict
from bot.domain.card import Card
from bot.domain.language import Language
from bot.domain.plan import Kind
from bot.reading.limits import BYTES_MOST
from bot.text.html import to_html

OpaqueId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
"""An id made by the client, without meaning to us."""


def _whole(number: object) -> object:
    """12.0 as 12: to JSON Schema they are one number, and some clients write all numbers so."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


DeliveryId = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2**31 - 1)]
"""As large as the database's ids can be."""


class QuestionBody(BaseModel):
    """What a client sends.

    conversation: whose context it belongs to. The client makes one that nobody can guess.
    text or button: what the person wrote, or the payload of the button they pressed.
    key: the client's id of this delivery. Sent again with the same key, it gets the same reply.
    language: of the client's page; decides only where the message does not.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    conversation: OpaqueId
    text: str | None = None
    button: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")] | None = None
    key: OpaqueId | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.button is None):
            raise ValueError("send either text or button")
        if self.text is not None and not self.text.strip():
            raise ValueError("text is empty")
        return self


PICTURE_MOST = 4 * math.ceil(BYTES_MOST / 3)
"""Characters of the largest picture that is read."""


class PictureQuestionBody(BaseModel):
    """What a client sends of a picture.

    picture: its bytes as base64. text: what is asked about it. The rest is as in `QuestionBody`.
    """

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    conversation: OpaqueId
    picture: Annotated[
        str,
        Field(
            pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            min_length=4,
            max_length=PICTURE_MOST,
        ),
    ]
    text: str | None = None
    key: OpaqueId | None = None
    language: Language | None = None


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)


class SourceBody(_Body):
    """Where a fact comes from. date: an ISO day, month or year."""

    title: str
    number: str | None
    issuer: str | None
    date: PartialDate | None
    url: str | None


class ButtonBody(_Body):
    """A button: its payload is sent back as `button`, or its url is opened."""

    label: str
    payload: str | None
    url: str | None


class PictureBody(_Body):
    """A picture.

    path, page: of its file and of the page that it leads to, on the address of the interface.
    alt: what it shows. caption: what goes with it wherever it is forwarded.
    """

    path: str
    alt: str
    caption: str
    page: str | None


class CardBody(_Body):
    """One thing that the bot says. Every key is always there, null where there is nothing.

    text: Markdown; html: the same, safe to put into a page. The rest is as in `Card`.
    """

    kind: Kind
    id: str | None
    facet: Facet | None
    action: str | None
    ids: tuple[str, ...]
    language: Language
    title: str | None
    text: str
    html: str
    claim: str | None
    verdict: Verdict | None
    verdict_label: str | None
    clarified: str | None
    notice: str | None
    sources: tuple[SourceBody, ...]
    checked: datetime.date | None
    office: str | None
    map_url: str | None
    buttons: tuple[ButtonBody, ...]
    version: str | None = None
    alert: str | None = None
    picture: PictureBody | None = None

    @classmethod
    def of(cls, card: Card) -> Self:
        """A card as the interface shows it."""
        given = {name: getattr(card, name) for name in cls.model_fields if name != "html"}
        return cls.model_validate({**given, "html": to_html(card.text)})


class AnswerBody(_Body):
    """What a client gets. language: the one of the reply."""

    language: Language
    replies: tuple[CardBody, ...]


class Visit(BaseModel):
    """What a client sends to ask for what waits for it. received: ids of deliveries it has shown."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    conversation: OpaqueId
    received: Annotated[list[DeliveryId], Field(max_length=100)] = []


class DeliveryBody(_Body):
    """A reply of the staff or news. It comes again under the same id until it is received."""

    id: int
    replies: tuple[CardBody, ...]


class Deliveries(_Body):
    """What waited for a client."""

    deliveries: tuple[DeliveryBody, ...]


class ErrorDetails(_Body):
    """What was wrong. code: for programs; message: for developers, in English."""

    code: str
    message: str


class ErrorBody(_Body):
    """The body of every answer that is not a reply."""

    error: ErrorDetails
