"""What Zalo's webhook delivers, as messages of ours.

Zalo changes its events without notice and describes some of them differently in different places,
so they are read leniently: only what is needed is looked at, and what is unknown is passed over.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import AliasChoices, Field, ValidationError

from bot.cards.actions import button_for
from bot.channels.incoming import incoming
from bot.channels.zalo.emoticons import as_emoji
from bot.channels.zalo_calls import Lenient
from bot.channels.zalo_pictures import ADDRESS_MOST
from bot.channels.zalo_text import MARK
from bot.domain import payload
from bot.domain.commands import read_command
from bot.domain.message import Message

CHANNEL = "zalo"

TEXTS = frozenset({"user_send_text", "user_send_link"})

MEDIA = frozenset(
    {
        "user_send_audio", "user_send_business_card", "user_send_file", "user_send_gif", "user_send_image",
        "user_send_location", "user_send_sticker", "user_send_video",
    }
)  # fmt: skip
"""What a person sends that is no text; it may have one beside it."""

KINDS = {
    "user_send_audio": "voice",
    "user_send_business_card": "contact",
    "user_send_gif": "video",
    "user_send_sticker": "sticker",
    "user_send_video": "video",
}
"""Of which kind something is, where that makes a difference to what is said of it."""

IMAGE = "user_send_image"

GREETED = frozenset({"follow", "user_click_chatnow"})
"""What begins a conversation without a word."""

UNFOLLOW = "unfollow"

IGNORED = frozenset(
    {
        "add_user_to_tag", "oa_reacted_message", "user_click_button", "user_reacted_message",
        "user_received_message", "user_seen_message", "user_submit_info",
    }
)  # fmt: skip
"""Known, and nothing to answer."""

OURS = "oa_"
"""With this begins what the OA itself did: our own messages come back."""

_ID = re.compile(r"\w{1,64}", re.ASCII)
_ADDRESS = re.compile(r"(?<!\w)\w{1,20}://\S+")


class Unreadable(Exception):
    """The body is no event."""


class Party(Lenient):
    """Somebody: a person or an OA."""

    id: str = ""


class EventMessage(Lenient):
    """A message's own part of an event."""

    msg_id: str = Field("", validation_alias=AliasChoices("msg_id", "message_id"))
    text: str = ""
    attachments: object = None


class Event(Lenient):
    """An event, as far as anything in it matters to us."""

    event_name: str
    timestamp: str
    sender: Party = Party()
    recipient: Party = Party()
    follower: Party = Party()
    oa_id: str = ""
    user_id: str = ""
    message: EventMessage = EventMessage()
    attachments: object = None

    @property
    def person(self) -> str:
        """The id of the person it is about; empty if there is none we could write to."""
        return self.follower.id or self.user_id or self.sender.id

    @property
    def account(self) -> str:
        """The id of the OA that it came to."""
        return self.oa_id or self.recipient.id

    @property
    def time(self) -> datetime.datetime:
        """When it happened, as Zalo says; the beginning of time if it says nothing sensible."""
        try:
            return datetime.datetime.fromtimestamp(int(self.timestamp) / 1000, datetime.UTC)
        except (ValueError, OverflowError, OSError):
            return datetime.datetime.fromtimestamp(0, datetime.UTC)


def read(raw: bytes) -> Event:
    """The event in a webhook's body.

    Raises:
        Unreadable: there is none.
    """
    try:
        return Event.model_validate_json(raw)
    except ValidationError as error:
        raise Unreadable from error


def is_our_own(event: Event, oa_id: str) -> bool:
    """Whether the OA did it itself."""
    return event.event_name.startswith(OURS) or event.sender.id == oa_id


def words(event: Event) -> str:
    """What the person wrote, with emoji for Zalo's codes; of a link that stands alone, its title."""
    text = as_emoji(event.message.text)
    if _ADDRESS.sub("", text).strip():
        return text
    return next(filter(None, map(_title, _attachments(event))), "") or text


def location_in(event: Event) -> str | None:
    """The payload that a location stands for which the person sent."""
    for attachment in _attachments(event):
        match attachment:
            case {"payload": {"coordinates": {"latitude": latitude, "longitude": longitude}}}:
                with suppress(TypeError, ValueError):
                    return payload.for_location(float(latitude), float(longitude))
    return None


def pictures_in(event: Event) -> list[str]:
    """The addresses of the pictures that the person sent."""
    found = []
    for attachment in _attachments(event) if event.event_name == IMAGE else ():
        match attachment:
            case {"payload": {"url": str(address)}} if len(address) <= ADDRESS_MOST:
                found.append(address)
    return found


def _attachments(event: Event) -> list[object]:
    """They stand in the message; by one source beside it."""
    for found in (event.message.attachments, event.attachments):
        if isinstance(found, list):
            return found
    return []


def _title(attachment: object) -> str:
    match attachment:
        case {"type": "link", "payload": {"title": str(title)}}:
            return title
    return ""


@dataclass(frozen=True, slots=True)
class EventReader:
    """Turns events into messages. opaque: makes a person's id into the name of a conversation."""

    opaque: Callable[[str], str]

    def message(self, event: Event) -> Message | None:
        """The message in an event; None if there is nothing to answer."""
        if not _ID.fullmatch(event.person):
            return None
        if event.event_name in GREETED:
            return self._message(event, _day_key(event), button=payload.for_saying("greet"))
        if event.event_name not in TEXTS | MEDIA:
            return None
        text = words(event)
        button = button_in(text) or location_in(event)
        is_unreadable = button is None and _is_blank(event, text)
        media = payload.for_media(KINDS.get(event.event_name, "")) if is_unreadable else None
        return self._message(
            event,
            _key(event),
            text="" if button else text,
            button=media or button,
            is_unreadable=is_unreadable,
            pictures=pictures_in(event) if button is None else (),
        )

    def conversation(self, event: Event) -> str:
        """The name under which the context of an event's person is remembered."""
        return self.opaque(f"{CHANNEL}:{event.person}")

    def _message(
        self,
        event: Event,
        key: str,
        *,
        text: str = "",
        button: str | None = None,
        is_unreadable: bool = False,
        pictures: Sequence[str] = (),
    ) -> Message:
        return incoming(
            channel=CHANNEL,
            address=event.person,
            conversation=self.conversation(event),
            key=key,
            text=text,
            button=button,
            unreadable=is_unreadable,
            pictures=pictures,
            # Several that are sent at once come one by one.
            part_of=f"pictures:{event.person}" if pictures else None,
        )


def button_in(text: str) -> str | None:
    """The payload that a text stands for: a button's, which comes back as text, or a command's."""
    text = text.strip()
    if text.startswith(MARK) and payload.is_payload(text.removeprefix(MARK)):
        return text.removeprefix(MARK)
    command = read_command(text)
    return button_for(command) if command else None


def _is_blank(event: Event, text: str) -> bool:
    return event.event_name in MEDIA and not text.strip()


def _key(event: Event) -> str:
    """What the same event has at each delivery, and no other: not its timestamp, which may change."""
    if event.message.msg_id:
        return f"{event.event_name}:{event.message.msg_id}"
    return f"{event.event_name}:{event.person}:{event.timestamp}"


def _day_key(event: Event) -> str:
    """One greeting a day, though a person follows, and opens the chat again and again."""
    return f"greeting:{event.person}:{event.time:%Y-%m-%d}"
