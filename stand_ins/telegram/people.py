"""Telegram's users and chats, as a test or the page plays them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from stand_ins.server import Json
from stand_ins.utf16 import utf16

_ENTITY = re.compile(r"(?P<bot_command>(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?)|(?P<mention>@\w{4,32})")


@dataclass(slots=True)
class Chat:
    """A chat: private with one person, or a group.

    messages: all of them, the bot's too, as the Bot API shows them.
    """

    id: int
    type: str
    title: str
    is_forum: bool = False
    is_blocked: bool = False
    moved_to: int | None = None
    messages: list[Json] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)

    def as_json(self) -> Json:
        """As in a Message."""
        name = "first_name" if self.type == "private" else "title"
        return {"id": self.id, "type": self.type, name: self.title} | (
            {"is_forum": True} if self.is_forum else {}
        )

    def from_bot(self) -> list[Json]:
        """What the bot said here."""
        return [message for message in self.messages if message["from"]["is_bot"]]


class Telegram(Protocol):
    """What people need of Telegram; the attributes are those of `server.StandIn`."""

    me: Json
    typed: dict[str, str]
    cached: dict[str, str]
    guest_chats: dict[str, Chat]

    chats: dict[int, Chat]

    def new_id(self) -> int:
        """An id that nothing else has."""

    def new_query(self) -> str:
        """The id of a pressed button."""

    def new_file(self, data: bytes) -> Json:
        """Take what somebody sends; as it stands in the message."""

    def new_message(self, chat: Chat, sender: Json, **content: Any) -> Json:
        """Put a message into a chat."""

    def update(self, chat: Chat, **content: Any) -> None:
        """Let the bot know, if it asked for updates of this kind."""


@dataclass(slots=True)
class Person:
    """Somebody with Telegram on the phone. Each act sends an update to the bot."""

    telegram: Telegram
    id: int
    name: str
    language: str | None
    chat: Chat
    is_bot: bool = False

    def as_json(self) -> Json:
        """As in a Message."""
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        return user | ({"language_code": self.language} if self.language else {})

    def says(self, text: str, chat: Chat | None = None, **more: Any) -> Json:
        """Send a text; `more` are further fields of the message."""
        return self.sends(chat, text=text, **_entities("entities", text), **more)

    def sends(self, chat: Chat | None = None, **content: Any) -> Json:
        """Send anything: `sticker={...}`, `photo=[...]`, `voice={...}`, a service message."""
        chat = chat or self.chat
        if "caption" in content:
            content |= _entities("caption_entities", content["caption"])
        message = self.telegram.new_message(chat, self.as_json(), **content)
        self.telegram.update(chat, message=message)
        return message

    def replies(self, to: Json, text: str, quote: str | None = None) -> Json:
        """Reply to a message, perhaps to a part of it."""
        # A message that is replied to comes without what that one replied to (Bot API, Message).
        more: Json = {"reply_to_message": {k: v for k, v in to.items() if k != "reply_to_message"}}
        if quote is not None:
            place = utf16(to["text"][: to["text"].index(quote)])
            more["quote"] = {"text": quote, "position": place, "is_manual": True}
        return self.says(text, self.telegram.chats[to["chat"]["id"]], **more)

    def sends_photo(self, data: bytes, caption: str | None = None, **more: Any) -> Json:
        """Send a photo, of which Telegram makes a small size, too."""
        small = self.telegram.new_file(data[:100]) | {"width": 90, "height": 51}
        large = self.telegram.new_file(data) | {"width": 1280, "height": 720}
        if caption is not None:
            more["caption"] = caption
        return self.sends(photo=[small, large], **more)

    def sends_file(self, data: bytes, mime_type: str, **more: Any) -> Json:
        """Send a file as such, as it is."""
        return self.sends(document=self.telegram.new_file(data) | {"mime_type": mime_type}, **more)

    def sends_album(self, *captions: str | None, chat: Chat | None = None, kind: str = "photo") -> list[Json]:
        """Send several photos or documents at once, each with its caption or without."""
        file = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}
        content: Json = {kind: [file] if kind == "photo" else file}
        album = str(self.telegram.new_id())
        return [
            self.sends(
                chat, media_group_id=album, **content, **({"caption": caption} if caption is not None else {})
            )
            for caption in captions
        ]

    def edits(self, message: Json, text: str, after: int = 10) -> None:
        """Edit a message so many seconds after it was sent."""
        message["text"] = text
        message["edit_date"] = message["date"] + after
        message.update(_entities("entities", text))
        chat = self.telegram.chats[message["chat"]["id"]]
        self.telegram.update(chat, edited_message=dict(message))

    def presses(self, message: Json, label: str) -> str:
        """Press the button with this label under a message of the bot; the query's id."""
        buttons = [b for row in message["reply_markup"]["inline_keyboard"] for b in row]
        button = next(b for b in buttons if b["text"] == label)
        return self.sends_callback(message, button["callback_data"])

    def sends_callback(self, message: Json, data: str) -> str:
        """Send callback data, perhaps forged; the query's id."""
        query_id = self.telegram.new_query()
        chat = self.telegram.chats[message["chat"]["id"]]
        query = {
            "id": query_id,
            "from": self.as_json(),
            "chat_instance": "1",
            "data": data,
            "message": message,
        }
        self.telegram.update(chat, callback_query=query)
        return query_id

    def types(self, text: str) -> str:
        """Type behind the bot's name, in any chat; the query's id, or that of the answer that is kept."""
        if text in self.telegram.cached:
            return self.telegram.cached[text]
        query_id = self.telegram.new_query()
        self.telegram.typed[query_id] = text
        query = {"id": query_id, "from": self.as_json(), "query": text, "offset": "", "chat_type": "group"}
        if self.telegram.me["supports_inline_queries"]:
            self.telegram.update(self.chat, inline_query=query)
        return query_id

    def names_the_bot(self, chat: Chat, text: str, to: Json | None = None, **content: Any) -> Json:
        """Ask the bot in a chat in which it is not, perhaps in reply to a message; the message.

        That reaches it only if it has guest mode.
        """
        content |= {"text": text, **_entities("entities", text)} if "caption" not in content else {}
        if to:
            content["reply_to_message"] = {k: v for k, v in to.items() if k != "reply_to_message"}
        message = self.telegram.new_message(chat, self.as_json(), **content)
        if self.telegram.me["supports_guest_queries"]:
            query_id = self.telegram.new_query()
            self.telegram.guest_chats[query_id] = chat
            self.telegram.update(chat, guest_message=message | {"guest_query_id": query_id})
        return message

    def blocks_the_bot(self) -> None:
        """From now on the bot cannot write to this person."""
        self.chat.is_blocked = True


def _entities(key: str, text: str) -> Json:
    """The commands and mentions that Telegram finds in a text."""
    found = [
        {"type": match.lastgroup, "offset": utf16(text[: match.start()]), "length": utf16(match[0])}
        for match in _ENTITY.finditer(text)
    ]
    return {key: found} if found else {}


def now() -> int:
    """Telegram's clock, in whole seconds."""
    return int(time.time())
