"""Pauses between tries."""

from __future__ import annotations


class Backoff:
    """Pauses that double from the first to the longest, in seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def pause(self) -> float:
        """The pause before the next try."""
        pause = self._next
        self._next = min(2 * pause, self._longest)
        return pause

    def reset(self) -> None:
        """A try went well: the next pause is the first again."""
        self._next = self._first
