"""Shares with their intervals, and percentiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959964
"""Of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    right: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of none."""
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval (E. B. Wilson, 1927)."""
        if not self.of:
            return 0.0, 1.0
        n, p = self.of, self.value
        middle = p + Z**2 / (2 * n)
        half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
        below, above = (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
        # At the ends it touches them; rounding must not say otherwise.
        return (0.0 if not self.right else below), (1.0 if self.right == n else above)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values is at or below (nearest rank); nan without values."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
