"""The stand-in's chats, for the page."""

from __future__ import annotations

from stand_ins.failures import Failure
from stand_ins.page import Bubble, Command, Platform, Trouble, with_links
from stand_ins.zalo_bot.server import Person, StandIn, error

KINDS = {"sticker": "send a sticker", "voice": "send a voice message", "image": "send a picture"}


class ZaloBotOnPage(Platform):
    """Zalo's Bot Platform as the page shows it."""

    name = "Zalo Bot"

    def __init__(self, platform: StandIn) -> None:
        self._platform = platform
        self.failures = platform.failures

    def chats(self) -> list[dict[str, str]]:
        """Everybody's chat."""
        return [{"id": person.id, "title": person.name} for person in self._platform.people]

    def new_chat(self, name: str, language: str) -> str:
        """Somebody new, who says hello. The platform does not tell the language of an app."""
        person = self._platform.person(name)
        person.says("xin chào" if language == "vi" else "hello")
        return person.id

    def bubbles(self, chat: str) -> list[Bubble]:
        """All messages of a chat."""
        return [
            Bubble(
                id=str(number),
                html=with_links(text),
                is_mine=not is_bot,
            )
            for number, (text, is_bot) in enumerate(self._person(chat).transcript)
        ]

    def commands(self, chat: str) -> list[Command]:
        """What a person can do besides writing."""
        return [Command(kind, description) for kind, description in KINDS.items()]

    def command(self, chat: str, name: str) -> None:
        """Send one of those."""
        self._person(chat).sends(name)

    def troubles(self) -> list[Trouble]:
        """What may go wrong."""
        return [
            Trouble("next send: quota used up", "sendMessage", Failure(200, error(429, "Quota exceeded"))),
            Trouble("next send: bad gateway", "sendMessage", Failure(502)),
            Trouble("next send: arrives, no answer", "sendMessage", Failure(is_done=True)),
        ]

    def say(self, chat: str, text: str) -> None:
        """The person writes."""
        self._person(chat).says(text)

    def send_picture(self, chat: str, data: bytes, caption: str, address: str) -> None:
        """The person sends a photo."""
        self._person(chat).sends("image", photo=self._platform.keep_picture(data, address), caption=caption)

    def press(self, chat: str, bubble: str, data: str) -> None:
        """There are no buttons."""

    def _person(self, chat: str) -> Person:
        return next(person for person in self._platform.people if person.id == chat)
