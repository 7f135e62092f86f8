"""A clock for tests."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime.datetime = field(
        default_factory=lambda: datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    )

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += datetime.timedelta(**time)
