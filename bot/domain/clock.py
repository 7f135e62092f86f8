"""The time: by which everything is judged, and from which leases are counted."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
"""The time zone of everything that an editor writes; it knows no summer time."""

Clock = Callable[[], datetime.datetime]

MOST_AT_ONCE = datetime.timedelta(seconds=1)
"""By how much a clock is corrected at a time. Processes look every ten seconds, so they never differ by
anything near a lease."""


def utc_now() -> datetime.datetime:
    """The time; tests bring another clock."""
    return datetime.datetime.now(datetime.UTC)


class SteadyClock:
    """The time from which leases and pauses are counted: it never jumps, whatever becomes of the machine's.

    Within a process it goes on as time.monotonic does; `follow` brings it nearer to another clock.
    """

    def __init__(self, now: datetime.datetime | None = None) -> None:
        self.set(now or utc_now())

    def set(self, now: datetime.datetime) -> None:
        """Begin at this time."""
        self._origin = now - datetime.timedelta(seconds=time.monotonic())

    def __call__(self) -> datetime.datetime:
        """The time."""
        return self._origin + datetime.timedelta(seconds=time.monotonic())

    def follow(self, reference: datetime.datetime) -> None:
        """Go towards another clock's time, by at most a second: a jump of that clock is taken slowly."""
        self._origin += min(max(reference - self(), -MOST_AT_ONCE), MOST_AT_ONCE)


def local_day(now: datetime.datetime) -> datetime.date:
    """The day it is in Cần Thơ, by which everything is judged, whatever zone the machine is in."""
    return now.astimezone(VIETNAM).date()


def local_minute(moment: datetime.datetime) -> str:
    """A moment as clocks in Cần Thơ show it: 2026-11-20 08:00."""
    return f"{moment.astimezone(VIETNAM):%Y-%m-%d %H:%M}"
