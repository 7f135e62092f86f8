"""Pauses between tries."""

from __future__ import annotations

DOUBLINGS_MOST = 32
"""After so many the longest pause is reached, whatever it is: without a bound the number would overflow."""


def pause_after(failures: int, *, first: float, longest: float) -> float:
    """Seconds until the next try, once so many went before it that failed in the same way: `first`, then
    twice as long each time, up to `longest`."""
    return min(first * 2.0 ** min(failures, DOUBLINGS_MOST), longest)
