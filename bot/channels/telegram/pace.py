"""The pace that Telegram allows."""

from __future__ import annotations

from aiolimiter import AsyncLimiter

from bot.channels.contract import TryLater
from bot.channels.telegram.limits import (
    ALL_BURST,
    ALL_SECONDS,
    CHAT_BURST,
    CHAT_SECONDS,
    GROUP_BURST,
    GROUP_SECONDS,
)

LIMITERS_KEPT = 512
"""Chats whose pace is remembered before those that have rested are forgotten."""


class Pace:
    """Holds Telegram's limits: a few messages to a chat at once and then one a second, so many a minute to a
    group, so many a second to everybody."""

    def __init__(self, burst: float = CHAT_BURST, seconds: float = CHAT_SECONDS) -> None:
        self._burst, self._seconds = burst, seconds
        self._all = AsyncLimiter(ALL_BURST, ALL_SECONDS)
        self._chats: dict[int, AsyncLimiter] = {}
        self._groups: dict[int, AsyncLimiter] = {}

    async def wait(self, chat: int) -> None:
        """Wait until the chat may get another message, if that is a moment.

        Raises:
            TryLater: it is longer; nobody else should be kept waiting for it.
        """
        if chat < 0:
            group = _limiter_of(chat, self._groups, GROUP_BURST, GROUP_SECONDS)
            if not group.has_capacity():
                pause = GROUP_SECONDS / GROUP_BURST
                raise TryLater("a group's share of a minute is used up", pause, is_chats_own=True)
            await group.acquire()
        await _limiter_of(chat, self._chats, self._burst, self._seconds).acquire()
        await self._all.acquire()


def _limiter_of(chat: int, limiters: dict[int, AsyncLimiter], burst: float, seconds: float) -> AsyncLimiter:
    if chat not in limiters and len(limiters) >= LIMITERS_KEPT:
        rested = [c for c, limiter in limiters.items() if limiter.has_capacity(burst)]
        for other in rested:
            del limiters[other]
    return limiters.setdefault(chat, AsyncLimiter(burst, seconds))
