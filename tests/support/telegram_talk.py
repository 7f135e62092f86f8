"""People who talk with the bot on Telegram, message by message."""

from __future__ import annotations

from typing import Any

from stand_ins.telegram import Chat, Person, StandIn


class Talk:
    """A person's chat with the bot: each act waits for what the bot says to it."""

    def __init__(self, telegram: StandIn, person: Person, chat: Chat | None = None) -> None:
        self.person = person
        self.chat = chat or person.chat
        self._telegram = telegram
        self._heard = 0

    async def say(self, text: str, **more: Any) -> dict[str, Any]:
        self.person.says(text, self.chat, **more)
        return await self.hear()

    async def press(self, message: dict[str, Any], label: str) -> dict[str, Any]:
        query = self.person.presses(message, label)
        await self._telegram.until(lambda: self._telegram.answered_queries[query] == 1)
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        message = await self._telegram.reply(self.chat, self._heard, seconds=30)
        self._heard += 1
        # A picture goes before the words that it belongs to.
        return await self.hear() if "photo" in message else message


def labels(message: dict[str, Any]) -> list[str]:
    rows = message.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
    return [button["text"] for row in rows for button in row]
