"""Nobody who writes much keeps the others waiting: who was served just now stands behind them."""

from __future__ import annotations

import time

SERVED_LATELY, SERVED_MOST = 10.0, 200
"""Seconds for which a chat that was served stands behind those that were not, and how many chats do."""


class RecentlyServed:
    """The chats that this process served in the last seconds."""

    def __init__(self) -> None:
        self._served: dict[str, float] = {}

    def note(self, conversation: str) -> None:
        """A chat is served now."""
        self._served.pop(conversation, None)
        self._served[conversation] = time.monotonic()
        if len(self._served) > SERVED_MOST:
            del self._served[next(iter(self._served))]

    def conversations(self) -> list[str]:
        """The chats, at most SERVED_MOST."""
        horizon = time.monotonic() - SERVED_LATELY
        while self._served and next(iter(self._served.values())) < horizon:
            del self._served[next(iter(self._served))]
        return list(self._served)
