"""How much is taken from whom."""

from __future__ import annotations

import time
from collections.abc import Callable

MINUTE = 60.0


class Throttle:
    """At most so many acts a minute under each name: a leaky bucket that a minute's worth fills.

    Of a name one number is kept, the time at which its bucket will be empty; what is empty is
    dropped once a minute. Neither the cost of an act nor the memory grows with who was here before.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """per_minute: how many; 0: no limit."""
        self._each = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._empty_at: dict[str, float] = {}
        self._tidied_at = clock()

    def take(self, name: str) -> float:
        """Count an act. Returns 0, or the seconds until it would be let through; then it does not count."""
        if not self._each:
            return 0.0
        now = self._clock()
        if now - self._tidied_at >= MINUTE:
            self._empty_at = {name: at for name, at in self._empty_at.items() if at > now}
            self._tidied_at = now
        empty_at = max(self._empty_at.get(name, now), now) + self._each
        # Without the half, rounding would at times take the last of a full bucket for one too many.
        if (too_full := empty_at - now - MINUTE) > self._each / 2:
            return too_full
        self._empty_at[name] = empty_at
        return 0.0
