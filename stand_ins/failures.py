"""Failures that a stand-in is told to show: what a platform does on a bad day."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """What happens to one call instead of its answer.

    status, body: answered so; without a status the connection hangs until the client gives up.
    is_done: the call takes effect all the same, only its answer is lost.
    seconds: nothing is lost, but the answer comes so much later.
    """

    status: int | None = None
    body: dict[str, Any] | None = None
    is_done: bool = False
    seconds: float | None = None

    @property
    def is_late(self) -> bool:
        """Whether the answer is right but late."""
        return self.seconds is not None


class Failures:
    """The failures to come, by method, first in first out."""

    def __init__(self) -> None:
        self._coming: defaultdict[str, deque[Failure]] = defaultdict(deque)

    def plan(self, method: str, failure: Failure, times: int = 1) -> None:
        """Let the next calls of a method fail."""
        self._coming[method].extend([failure] * times)

    def take(self, method: str) -> Failure | None:
        """The failure of the call that has just come, if one is planned."""
        coming = self._coming[method]
        return coming.popleft() if coming else None

    def clear(self) -> None:
        """Plan nothing any more."""
        self._coming.clear()

    def waiting(self) -> int:
        """How many failures have not happened yet."""
        return sum(map(len, self._coming.values()))
