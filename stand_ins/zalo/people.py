"""Zalo's users, each with a chat with the OA, as a test or the page plays them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from stand_ins.server import Json
from stand_ins.zalo.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a chat. buttons: as the OA sent them; image: its address, or the id of its upload."""

    id: str
    text: str
    is_from_oa: bool
    at: float
    buttons: tuple[Json, ...] = ()
    image: str | None = None

    def labels(self) -> list[str]:
        """What stands on the buttons."""
        return [button["title"] for button in self.buttons]


class Zalo(Protocol):
    """What people need of Zalo. oa_id: of the account; webhook: what is told to the bot."""

    oa_id: str
    webhook: Webhook

    def now(self) -> float:
        """Zalo's clock, in seconds since the epoch."""

    def new_message_id(self) -> str:
        """The id of a message."""

    def event(self, name: str, **content: Any) -> Json:
        """An event of now."""


@dataclass(slots=True)
class Person:
    """Somebody with Zalo on the phone. Each act sends an event to the webhook.

    messages: the whole chat. spoke_at: the last interaction, in seconds; None: never.
    replies: what the OA sent for free since then.
    """

    zalo: Zalo
    id: str
    id_by_app: str
    name: str
    messages: list[Said] = field(default_factory=list)
    spoke_at: float | None = None
    replies: int = 0
    is_follower: bool = False
    has_left: bool = False
    is_restricting: bool = False

    def from_oa(self) -> list[Said]:
        """What the OA said."""
        return [message for message in self.messages if message.is_from_oa]

    def says(self, text: str) -> Json:
        """Send a text; the event."""
        return self.sends("user_send_text", text=text)

    def presses(self, message: Said, label: str) -> str | None:
        """Press the button with this label: its payload is sent; or the address that it opens."""
        button = next(b for b in message.buttons if b["title"] == label)
        if button["type"] == "oa.open.url":
            return str(button["payload"]["url"])
        self.sends("user_send_text", is_shown=button["type"] == "oa.query.show", text=button["payload"])
        return None

    def sends(self, event_name: str, *, is_shown: bool = True, **message: Any) -> Json:
        """Send a message of any kind: `user_send_sticker`, with `attachments=[...]`."""
        message_id = self.zalo.new_message_id()
        if is_shown:
            shown = message.get("text") or f"[{event_name.removeprefix('user_send_')}]"
            self.messages.append(Said(message_id, shown, is_from_oa=False, at=self.zalo.now()))
        event = self._event(
            event_name,
            sender={"id": self.id},
            recipient={"id": self.zalo.oa_id},
            message={**message, "msg_id": message_id},
        )
        return self._does(event)

    def sends_attachment(self, kind: str, **payload: Any) -> Json:
        """Send an image, sticker, location, file, link, audio, video or gif."""
        attachment = {"type": kind, "payload": payload or ATTACHMENTS[kind]}
        return self.sends(f"user_send_{kind}", attachments=[attachment])

    def follows(self) -> Json:
        """Follow the OA."""
        self.is_follower, self.has_left = True, False
        return self._does(self._managing("follow", source="oa_profile"))

    def unfollows(self) -> Json:
        """Follow the OA no more: from now on it cannot write."""
        self.is_follower, self.has_left = False, True
        event = self._managing("unfollow", source="oa_profile")
        self.zalo.webhook.send(self.id, event)
        return event

    def opens_the_chat(self) -> Json:
        """Press "Message" on the OA's profile."""
        event = self._event("user_click_chatnow", oa_id=self.zalo.oa_id, user_id=self.id)
        return self._does(event)

    def sees(self, *, is_sender: bool = True) -> Json:
        """See all that the OA said, which is no interaction. The sources disagree on who is the sender."""
        ends = [{"id": self.id}, {"id": self.zalo.oa_id}]
        sender, recipient = ends if is_sender else ends[::-1]
        seen = {"msg_ids": [message.id for message in self.from_oa()]}
        event = self._event("user_seen_message", sender=sender, recipient=recipient, message=seen)
        self.zalo.webhook.send(self.id, event)
        return event

    def _does(self, event: Json) -> Json:
        self.spoke_at, self.replies, self.has_left = self.zalo.now(), 0, False
        self.zalo.webhook.send(self.id, event)
        return event

    def _managing(self, name: str, **more: Any) -> Json:
        return self._event(name, oa_id=self.zalo.oa_id, follower={"id": self.id}, **more)

    def _event(self, name: str, **content: Any) -> Json:
        return self.zalo.event(name, user_id_by_app=self.id_by_app, **content)


ATTACHMENTS: dict[str, Json] = {
    "image": {"url": "https://zalo.example/a.jpg", "thumbnail": "https://zalo.example/t.jpg"},
    "gif": {"url": "https://zalo.example/a.gif", "thumbnail": "https://zalo.example/t.jpg"},
    "sticker": {"id": "20", "url": "https://zalo.example/s.png"},
    "link": {"url": "https://example.vn/", "title": "A page", "description": "", "thumbnail": ""},
    "audio": {"url": "https://zalo.example/a.aac"},
    "video": {
        "url": "https://zalo.example/a.mp4",
        "thumbnail": "https://zalo.example/t.jpg",
        "description": "",
    },
    "file": {"url": "https://zalo.example/a.pdf", "name": "a.pdf", "size": "1024000"},
    "location": {"coordinates": {"latitude": "10.0342", "longitude": "105.7871"}},
}
"""What each kind of attachment holds; coordinates and sizes are strings."""
