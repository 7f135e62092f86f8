"""What Zalo's Bot Platform delivers, as messages of ours: read leniently, for it is young and changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import AliasChoices, Field, ValidationError

from bot.cards.actions import button_for
from bot.channels.incoming import incoming
from bot.channels.zalo_calls import Lenient
from bot.channels.zalo_pictures import ADDRESS_MOST
from bot.domain import payload
from bot.domain.commands import read_command
from bot.domain.message import Message

CHANNEL = "zalo_bot"

READ = frozenset({
    "message.text.received", "message.image.received", "message.sticker.received", "message.voice.received",
    "message.unsupported.received",
})  # fmt: skip

KINDS = {"message.sticker.received": "sticker", "message.voice.received": "voice"}
"""Of which kind something is, where that makes a difference to what is said of it."""

IMAGE = "message.image.received"

GROUP = "GROUP"


class _Sender(Lenient):
    id: str = ""
    is_bot: bool = False


class _Chat(Lenient):
    id: str = ""
    chat_type: str = ""


class _Said(Lenient):
    sender: _Sender = Field(_Sender(), validation_alias="from")
    chat: _Chat = _Chat()
    message_id: str = ""
    text: str = Field("", validation_alias=AliasChoices("text", "caption"))
    photo_url: object = None
    photo: object = None

    @property
    def pictures(self) -> list[str]:
        """The address of the picture that was sent; clients name its field in two ways."""
        given = self.photo_url or self.photo
        return [given] if isinstance(given, str) and len(given) <= ADDRESS_MOST else []


class Event(Lenient):
    """Something that happened; whatever is not needed is passed over."""

    event_name: str = ""
    message: _Said = _Said()


def event_in(given: object) -> Event | None:
    """The event in a webhook's body or a poll's result; None if there is none.

    It comes bare, or wrapped in `result`: both are seen.
    """
    if isinstance(given, dict) and "event_name" not in given and "result" in given:
        given = given["result"]
    try:
        return Event.model_validate(given)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class EventReader:
    """Turns events into messages. me: the bot's own id; opaque: names a conversation."""

    me: str
    opaque: Callable[[str], str]

    def message(self, event: Event) -> Message | None:
        """The message in an event; None if there is nothing to answer: our own words come back, too."""
        said = event.message
        if event.event_name not in READ or not said.chat.id or not said.message_id:
            return None
        if said.sender.is_bot or said.sender.id == self.me:
            return None
        command = read_command(said.text.strip())
        button = button_for(command) if command else None
        is_unreadable = button is None and not said.text.strip()
        media = payload.for_media(KINDS.get(event.event_name, "")) if is_unreadable else None
        pictures = said.pictures if event.event_name == IMAGE and button is None else []
        return incoming(
            channel=CHANNEL,
            address=said.chat.id,
            conversation=self.opaque(f"{CHANNEL}:{said.chat.id}"),
            key=f"message:{said.message_id}",
            text="" if button else said.text,
            button=media or button,
            unreadable=is_unreadable,
            pictures=pictures,
            # Several that are sent at once come one by one.
            part_of=f"pictures:{said.chat.id}" if pictures else None,
            # In a group the platform hands us only what names the bot or replies to it.
            is_quiet=said.chat.chat_type == GROUP and button is None,
        )
