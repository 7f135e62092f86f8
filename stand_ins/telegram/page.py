"""The stand-in's chats, for the page."""

from __future__ import annotations

import html
from collections import ChainMap
from dataclasses import dataclass
from typing import Any

from stand_ins.failures import Failure
from stand_ins.page import Bubble, Command, Key, Offer, Platform, Trouble
from stand_ins.server import Json
from stand_ins.telegram.html import Entity, for_page
from stand_ins.telegram.people import Chat, Person
from stand_ins.telegram.server import StandIn, error

FILE: Json = {"file_id": "f", "file_unique_id": "u"}

SENT: dict[str, tuple[str, Json]] = {
    "sticker": ("send a sticker", {"sticker": FILE | {"type": "regular", "width": 512, "height": 512,
                                                      "is_animated": False, "is_video": False}}),
    "voice": ("send a voice message", {"voice": FILE | {"duration": 4}}),
    "video": ("send a video", {"video": FILE | {"width": 640, "height": 360, "duration": 9}}),
    "photo": ("send a photo without a word", {"photo": [FILE | {"width": 90, "height": 60}]}),
    "location": ("send where one is: at Ninh Kiều quay",
                 {"location": {"latitude": 10.0341, "longitude": 105.7876}}),
    "contact": ("send a contact", {"contact": {"phone_number": "+84900000000", "first_name": "Ba"}}),
    "poll": ("send a poll", {"poll": {"id": "1", "question": "Đi chợ nổi không?", "options": [],
                                      "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
                                      "type": "regular", "allows_multiple_answers": False,
                                      "allows_revoting": False, "members_only": False}}),
}  # fmt: skip
"""What a person can send beside text: what it is for, and the message's content."""

RUMOURS = {
    "vi": ("Gia đình", "Dì Ba", "Sáp nhập rồi, ai không đổi căn cước trước cuối tháng sẽ bị phạt 2 triệu!!!",
           "Nghe nói tuần sau cầu Cần Thơ sơn màu hồng đó"),
    "en": ("Family", "Aunt Ba", "After the merger whoever does not change the ID card this month is fined!!!",
           "They say Can Tho bridge is painted pink next week"),
}  # fmt: skip
"""By language: a group without the bot, who writes there, a rumour with an official answer, one without."""

ASKED = {"vi": "thật không?", "en": "is this true?"}


@dataclass(frozen=True, slots=True)
class Group:
    """A group of somebody's family, in which the bot is not."""

    chat: Chat
    person: Person
    aunt: Person


class TelegramOnPage(Platform):
    """Telegram as the page shows it: of each person the chat with the bot, and a family group without it."""

    name = "Telegram"

    def __init__(self, telegram: StandIn) -> None:
        self._telegram = telegram
        self._groups: dict[str, Group] = {}
        self._people: dict[str, Person] = {}
        self.failures = telegram.failures
        self.pictures = ChainMap(telegram.photos, telegram.files)
        self.typed_behind = f"@{telegram.me['username']} "

    def chats(self) -> list[dict[str, str]]:
        """Everybody's private chat, and their families' groups."""
        private = {key: f"{person.name} ({person.language})" for key, person in self._people.items()}
        groups = {key: f"{group.chat.title} · {group.person.name}" for key, group in self._groups.items()}
        return [{"id": key, "title": title} for key, title in (private | groups).items()]

    def new_chat(self, name: str, language: str) -> str:
        """Somebody new, who presses Start, and whose aunt has written to the family."""
        person = self._telegram.person(name, language)
        self._people[str(person.id)] = person
        title, aunt, rumour, _ = RUMOURS[language]
        chat = self._telegram.group(title)
        group = Group(chat, person, Person(self._telegram, self._telegram.new_id(), aunt, language, chat))
        self._groups[str(chat.id)] = group
        self._telegram.new_message(chat, group.aunt.as_json(), text=rumour)
        person.says("/start")
        return str(person.id)

    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""
        group = self._groups.get(chat)
        messages = (group.chat if group else self._people[chat].chat).messages
        return [_bubble(message, self._person(chat), is_group=group is not None) for message in messages]

    def commands(self, chat: str) -> list[Command]:
        """The menu that the bot has set, and what else can be sent; in a group, what happens there."""
        if chat in self._groups:
            language = str(self._person(chat).language)
            return [
                Command(f"{self.typed_behind}{ASKED[language]}", "reply so to the last message"),
                Command("a rumour", "the aunt writes one that there is an official answer to"),
                Command("another rumour", "the aunt writes one that there is none to"),
            ]
        menu = self._telegram.profile.get(("commands", ""), [])
        sent = [Command(kind, description) for kind, (description, _) in SENT.items()]
        return [*(Command(f"/{entry.command}", entry.description) for entry in menu), *sent]

    def command(self, chat: str, name: str) -> None:
        """The person picks one of those."""
        group = self._groups.get(chat)
        if group and "rumour" in name:
            rumour = RUMOURS[str(group.person.language)][2 if name == "a rumour" else 3]
            self._telegram.new_message(group.chat, group.aunt.as_json(), text=rumour)
        elif name in SENT:
            self._person(chat).sends(**SENT[name][1])
        else:
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
        """The person writes; in a group, in reply to the aunt's last message if the bot is named."""
        group = self._groups.get(chat)
        if group is None:
            self._people[chat].says(text)
        elif self.typed_behind.strip() in text:
            others = [m for m in group.chat.messages if m["from"]["id"] == group.aunt.id]
            group.person.names_the_bot(group.chat, text, others[-1])
        else:
            self._telegram.new_message(group.chat, group.person.as_json(), text=text)

    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person sends a photo."""
        self._person(chat).sends_photo(data, caption or None)

    def press(self, chat: str, bubble: str, data: str) -> None:
        """The person presses a button."""
        person = self._person(chat)
        message = next(m for m in person.chat.messages if str(m["message_id"]) == bubble)
        person.sends_callback(message, data)

    def offers(self, chat: str, text: str) -> list[Offer]:
        """The results of inline mode, once the bot has answered."""
        answer = self._telegram.listed.get(self._query(chat, text))
        found = answer.results if answer else []
        return [Offer(result.id, result.title, result.description or "") for result in found]

    def choose(self, chat: str, text: str, offer: str) -> None:
        """The person puts a result into the chat."""
        group, person = self._groups.get(chat), self._person(chat)
        place = group.chat if group else person.chat
        self._telegram.put_in(place, person.as_json(), offer, self._query(chat, text))

    def _query(self, chat: str, text: str) -> str:
        """The id of the inline query for a text; it is asked if it was not yet."""
        typed = text.removeprefix(self.typed_behind)
        known = next((key for key, one in self._telegram.typed.items() if one == typed), None)
        return known or self._person(chat).types(typed)

    def _person(self, chat: str) -> Person:
        group = self._groups.get(chat)
        return group.person if group else self._people[chat]


def _content(message: Json, entities: list[Entity]) -> str:
    if "photo" in message and "file_size" in message["photo"][0]:
        photo = message["photo"][0]
        sides = f'width="{photo["width"]}" height="{photo["height"]}"'
        picture = f'<img src="/page/pictures/{photo["file_id"]}" {sides} alt="">'
        return f"{picture}<br>{for_page(message.get('caption', ''), entities)}"
    if "text" in message:
        return for_page(message["text"], entities)
    return html.escape(f"[{next((kind for kind in SENT if kind in message), '…')}]")


def _bubble(message: Json, person: Person, *, is_group: bool) -> Bubble:
    entities = [
        Entity(e["type"], e["offset"], e["length"], e.get("url"))
        for e in message.get("entities") or message.get("caption_entities") or []
    ]
    keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
    answered: dict[str, Any] = message.get("reply_to_message", {})
    quoted = f"<blockquote>{html.escape(answered['text'])}</blockquote>" if "text" in answered else ""
    is_mine = message["from"]["id"] == person.id
    above = [message["from"]["first_name"]] if is_group and not is_mine else []
    above += [f"via @{message['via_bot']['username']}"] if "via_bot" in message else []
    return Bubble(
        id=str(message["message_id"]),
        html=quoted + _content(message, entities),
        is_mine=is_mine,
        above=" ".join(above),
        keys=[[Key(b["text"], b.get("callback_data"), b.get("url")) for b in row] for row in keyboard],
    )
