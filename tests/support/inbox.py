"""Messages for an inbox."""

from __future__ import annotations

from bot.channels.incoming import incoming
from bot.domain.message import Message
from bot.storage.inbox import Inbox
from bot.storage.queue import Entry

HERE = ("test",)

PLANS: list[dict[str, object]] = [{"reply": "answer", "language": "vi", "id": "culture.food"}]


def message(key: str, chat: str = "chat", text: str = "hello") -> Message:
    return incoming(channel="test", address=f"address of {chat}", conversation=chat, key=key, text=text)


async def claim(inbox: Inbox) -> Entry:
    entry = await inbox.claim(HERE)
    assert entry is not None
    return entry
