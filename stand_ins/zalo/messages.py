"""The consultation messages that the OA may send, with what each requires.

Stricter than Zalo: whatever is not documented to work in `POST /v3.0/oa/message/cs` is refused, also the
list template and the button template, on which the sources disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from stand_ins.server import Json
from stand_ins.utf16 import utf16
from stand_ins.zalo.errors import INVALID, TOO_LONG, UNSUPPORTED, Refused

TEXT_MOST, TITLE_MOST, PAYLOAD_MOST, BUTTONS_MOST = 2000, 100, 1000, 5

# Which unit Zalo counts is not known: UTF-16 units are the ones that give more.
_TOO_MUCH = {"string_too_long", "too_long"}


def _at_most(most: int, length: Callable[[str], int]) -> AfterValidator:
    def check(text: str) -> str:
        if length(text) > most:
            raise PydanticCustomError("string_too_long", "too long")
        return text

    return AfterValidator(check)


class Strict(BaseModel):
    """A part of a call. Ids are strings, as everywhere in Zalo."""

    model_config = ConfigDict(extra="forbid", strict=True)


WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\.[^\s/]+(/\S*)?$", max_length=2000)]
Title = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), _at_most(TITLE_MOST, utf16)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), _at_most(TEXT_MOST, utf16)]
Phone = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{6,14}$")]
Payload = Annotated[
    str,
    StringConstraints(min_length=1, pattern=r"\S"),
    _at_most(PAYLOAD_MOST, lambda text: len(text.encode())),
]


class Address(Strict):
    """What a link button opens."""

    url: WebUrl


class Call(Strict):
    """Whom a phone button calls."""

    phone_code: Phone


class Sms(Strict):
    """What an SMS button writes, to whom."""

    phone_code: Phone
    content: Annotated[str, StringConstraints(min_length=1)]


class LinkButton(Strict):
    """Opens an address."""

    title: Title
    type: Literal["oa.open.url"]
    payload: Address


class QueryButton(Strict):
    """Sends its payload to the OA as if the person had written it; `hide` shows nothing in the chat."""

    title: Title
    type: Literal["oa.query.show", "oa.query.hide"]
    payload: Payload


class PhoneButton(Strict):
    """Calls a number."""

    title: Title
    type: Literal["oa.open.phone"]
    payload: Call


class SmsButton(Strict):
    """Writes an SMS."""

    title: Title
    type: Literal["oa.open.sms"]
    payload: Sms


Button = Annotated[LinkButton | QueryButton | PhoneButton | SmsButton, Field(discriminator="type")]


class Buttons(Strict):
    """Buttons under a text."""

    buttons: Annotated[list[Button], Field(min_length=1, max_length=BUTTONS_MOST)]


class Image(Strict):
    """A picture, either by its address or by the id of its upload."""

    media_type: Literal["image"]
    url: WebUrl | None = None
    attachment_id: Annotated[str, StringConstraints(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Image:
        if (self.url is None) == (self.attachment_id is None):
            raise PydanticCustomError("one_of", "either url or attachment_id")
        return self


class Media(Strict):
    """A picture; the message's text is its caption."""

    template_type: Literal["media"]
    elements: Annotated[list[Image], Field(min_length=1, max_length=1)]


def _template(payload: Any) -> str:
    return str(payload.get("template_type", "buttons")) if isinstance(payload, dict) else "none"


class Attachment(Strict):
    """What is beside the text."""

    type: Literal["template"]
    payload: Annotated[
        Annotated[Buttons, Tag("buttons")] | Annotated[Media, Tag("media")], Discriminator(_template)
    ]


class Content(Strict):
    """A message."""

    text: Text | None = None
    quote_message_id: str | None = None
    attachment: Attachment | None = None

    @model_validator(mode="after")
    def _is_something(self) -> Content:
        if self.text is None and (self.attachment is None or self.buttons):
            raise PydanticCustomError("missing", "text")
        if self.quote_message_id is not None and self.attachment is not None:
            raise PydanticCustomError("quote", "only a text quotes")
        return self

    @property
    def buttons(self) -> list[Button]:
        """The buttons under the text."""
        return (
            self.attachment.payload.buttons
            if self.attachment and isinstance(self.attachment.payload, Buttons)
            else []
        )

    @property
    def image(self) -> Image | None:
        """The picture."""
        payload = self.attachment.payload if self.attachment else None
        return payload.elements[0] if isinstance(payload, Media) else None


class Recipient(Strict):
    """Who gets it."""

    user_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{10,20}$")]


class Consultation(Strict):
    """`POST /v3.0/oa/message/cs`."""

    recipient: Recipient
    message: Content


class Reacting(Strict):
    """What a reaction shows, and on which message."""

    react_icon: Literal[":>", "--b", ":-((", "/-strong", "/-heart", "-h:o", "/-remove"]
    react_message_id: str


class Reaction(Strict):
    """`POST /v2.0/oa/message`, of which only reactions are still alive."""

    recipient: Recipient
    sender_action: Reacting


class QuotaQuestion(Strict):
    """`POST /v3.0/oa/quota/message`."""

    user_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{10,20}$")]


class Template(Strict):
    """`POST /v3.0/oa/message/template`: an approved template to a user id (ZBS Template Message)."""

    user_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{10,20}$")]
    template_id: Annotated[str, StringConstraints(min_length=1)]
    template_data: dict[str, str]


Part = TypeVar("Part", bound=Strict)


def read(kind: type[Part], given: Json) -> Part:
    """A call's parameters.

    Raises:
        Refused: as Zalo refuses what is wrong with them.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or str(first["msg"])
        if first["type"] == "union_tag_invalid" and first["loc"][-1:] == ("payload",):
            raise Refused(UNSUPPORTED) from error
        raise Refused(TOO_LONG if first["type"] in _TOO_MUCH else INVALID, where) from error
