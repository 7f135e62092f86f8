"""Whether a platform answers when it is called, for whoever runs the bot."""

from __future__ import annotations

import time

COUNTS_FOR = 120.0
"""Seconds for which a call that was not answered tells of the platform, unless a later one was."""


class Reachability:
    """Is told of each call how it went."""

    def __init__(self) -> None:
        self._unanswered_at: float | None = None

    def note(self, *, is_answered: bool) -> None:
        """A call had its time, or was answered, be it with a refusal."""
        self._unanswered_at = None if is_answered else time.monotonic()

    def problem(self, platform: str) -> str | None:
        """That the platform does not answer, in words; None if it does, or has not been asked for a while."""
        if self._unanswered_at is None or time.monotonic() - self._unanswered_at > COUNTS_FOR:
            return None
        return f"{platform} does not answer what is sent to it"
