"""The stand-in's chats, for the page."""

from __future__ import annotations

import html

from stand_ins.failures import Failure
from stand_ins.page import Bubble, Command, Key, Trouble
from stand_ins.server import Json
from stand_ins.telegram.html import Entity, for_page
from stand_ins.telegram.people import Person
from stand_ins.telegram.server import StandIn, error


class TelegramOnPage:
    """Telegram as the page shows it."""

    name = "Telegram"

    def __init__(self, telegram: StandIn) -> None:
        self._telegram = telegram
        self.failures = telegram.failures

    def chats(self) -> list[dict[str, str]]:
        """Everybody's private chat."""
        return [{"id": str(p.id), "title": f"{p.name} ({p.language})"} for p in self._telegram.people]

    def new_chat(self, name: str, language: str) -> str:
        """Somebody new, who presses Start."""
        person = self._telegram.person(name, language)
        person.says("/start")
        return str(person.id)

    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""
        return [_bubble(message) for message in self._person(chat).chat.messages]

    def commands(self) -> list[Command]:
        """The menu that the bot has set."""
        menu = self._telegram.profile.get(("commands", ""), [])
        return [Command(f"/{entry.command}", entry.description) for entry in menu]

    def command(self, chat: str, name: str) -> None:
        """The person picks from the menu."""
        self.say(chat, name)

    def troubles(self) -> list[Trouble]:
        """What may go wrong."""
        flood = error(429, "Too Many Requests: retry after 5", retry_after=5)
        blocked = error(403, "Forbidden: bot was blocked by the user")
        return [
            Trouble("next send: too many requests, 5 s", "sendMessage", Failure(429, flood)),
            Trouble("next send: bad gateway", "sendMessage", Failure(502)),
            Trouble("next send: arrives, no answer", "sendMessage", Failure(is_done=True)),
            Trouble("next send: blocked by the user", "sendMessage", Failure(403, blocked)),
            Trouble("next three polls: bad gateway", "getUpdates", Failure(502), times=3),
        ]

    def say(self, chat: str, text: str) -> None:
        """The person writes."""
        self._person(chat).says(text)

    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person sends a photo."""
        self._person(chat).sends_photo(data, caption or None)

    def press(self, chat: str, bubble: str, data: str) -> None:
        """The person presses a button."""
        person = self._person(chat)
        message = next(m for m in person.chat.messages if str(m["message_id"]) == bubble)
        person.sends_callback(message, data)

    def _person(self, chat: str) -> Person:
        return next(person for person in self._telegram.people if str(person.id) == chat)


def _content(message: Json, entities: list[Entity]) -> str:
    if "photo" in message:
        photo = message["photo"][-1]
        size = f"[{photo['width']} × {photo['height']}]"
        return f"{html.escape(size)}<br>{for_page(message.get('caption', ''), entities)}"
    return for_page(message["text"], entities) if "text" in message else html.escape("[…]")


def _bubble(message: Json) -> Bubble:
    entities = [
        Entity(e["type"], e["offset"], e["length"], e.get("url"))
        for e in message.get("entities") or message.get("caption_entities") or []
    ]
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    return Bubble(
        id=str(message["message_id"]),
        html=_content(message, entities),
        is_from_bot=message["from"]["is_bot"],
        sender=message["from"]["first_name"],
        keys=[[Key(b["text"], b.get("callback_data"), b.get("url")) for b in row] for row in keyboard],
    )
