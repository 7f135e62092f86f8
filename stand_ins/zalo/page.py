"""The stand-in's chats, for the page."""

from __future__ import annotations

import html
from collections.abc import Callable

from stand_ins.failures import Failure
from stand_ins.page import Bubble, Command, Key, Platform, Trouble, with_links
from stand_ins.server import Json
from stand_ins.zalo.errors import GENERIC, INVALID, NO_QUOTA, RATE, TOKEN_EXPIRED, error
from stand_ins.zalo.people import Person, Said
from stand_ins.zalo.server import StandIn


class ZaloOnPage(Platform):
    """Zalo as the page shows it."""

    name = "Zalo"

    def __init__(self, zalo: StandIn) -> None:
        self._zalo = zalo
        self.failures = zalo.failures
        self._acts: dict[str, tuple[str, Callable[[Person], object]]] = {
            "follow": ("follow the account", Person.follows),
            "unfollow": ("follow it no more", Person.unfollows),
            "open the chat": ("press Message on its profile", Person.opens_the_chat),
            "sticker": ("send a sticker", lambda person: person.sends_attachment("sticker")),
            "voice": ("send a voice message", lambda person: person.sends_attachment("audio")),
            "video": ("send a video", lambda person: person.sends_attachment("video")),
            "picture": ("send a picture", lambda person: person.sends_attachment("image")),
            "location": ("send where one is", lambda person: person.sends_attachment("location")),
            "49 hours pass": ("the free window closes", lambda _: zalo.advance(hours=49)),
            "8 days pass": ("the chat can't be written to", lambda _: zalo.advance(hours=8 * 24)),
            "buttons on/off": ("whether Zalo takes buttons", lambda _: self._switch_buttons()),
        }

    def chats(self) -> list[dict[str, str]]:
        """Everybody's chat."""
        return [{"id": person.id, "title": person.name} for person in self._zalo.people]

    def new_chat(self, name: str, language: str) -> str:
        """Somebody new, who opens the chat. Zalo does not tell the language of an app."""
        person = self._zalo.person(name)
        person.opens_the_chat()
        return person.id

    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""
        return [_bubble(message) for message in self._person(chat).messages]

    def commands(self, chat: str) -> list[Command]:
        """What a person can do besides writing, and what Zalo can."""
        return [Command(name, description) for name, (description, _) in self._acts.items()]

    def command(self, chat: str, name: str) -> None:
        """Do one of those."""
        _, act = self._acts[name]
        act(self._person(chat))

    def troubles(self) -> list[Trouble]:
        """What may go wrong."""
        return [
            Trouble("next send: too many requests", "cs", Failure(200, error(RATE))),
            Trouble("next send: access token expired", "cs", Failure(200, error(TOKEN_EXPIRED))),
            Trouble("next send: sending failed", "cs", Failure(200, error(GENERIC))),
            Trouble("next send: invalid", "cs", Failure(200, error(INVALID))),
            Trouble("next send: out of quota", "cs", Failure(200, error(NO_QUOTA))),
            Trouble("next send: bad gateway", "cs", Failure(502)),
            Trouble("next send: arrives, no answer", "cs", Failure(is_done=True)),
        ]

    def say(self, chat: str, text: str) -> None:
        """The person writes."""
        self._person(chat).says(text)

    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person sends an image."""
        image = {"type": "image", "payload": {"url": self._zalo.keep_picture(data, address)}}
        self._person(chat).sends("user_send_image", text=caption, attachments=[image])

    def press(self, chat: str, bubble: str, data: str) -> None:
        """The person presses a button."""
        person = self._person(chat)
        message = next(m for m in person.messages if m.id == bubble)
        person.presses(message, next(b["title"] for b in message.buttons if b["payload"] == data))

    def _person(self, chat: str) -> Person:
        return next(person for person in self._zalo.people if person.id == chat)

    def _switch_buttons(self) -> None:
        self._zalo.refuses_buttons = INVALID if self._zalo.refuses_buttons is None else None


def _bubble(message: Said) -> Bubble:
    has_address = message.image is not None and message.image.startswith("http")
    picture = f'<img src="{html.escape(message.image or "")}" alt="">\n' if has_address else ""
    if message.image and not has_address:
        picture = html.escape("[picture]") + "\n"
    return Bubble(
        id=message.id,
        html=picture + with_links(message.text),
        is_mine=not message.is_from_oa,
        keys=[[_key(button)] for button in message.buttons],
    )


def _key(button: Json) -> Key:
    payload = button["payload"]
    return (
        Key(button["title"], payload)
        if isinstance(payload, str)
        else Key(button["title"], url=payload["url"])
    )
