"""What may be shown of numbers about people, so that nobody can tell of one of them that it is under five.

The numbers form a tree: a total is divided into cells, once or in several ways, and a cell may be the
total of another table. Whoever reads all of it knows the totals that are shown and how these functions
work. Two rules keep what is small from them:

Of a table, all cells are left out that are not larger than v, if one is under five; v is its smallest cell of
five or more. So a small one and a larger one are always left out together, and nothing tells which is
which: if they changed places, the same would be shown. Where no cell would be left that is not 0, the
table is left out, zeros and all. A cell that is left out has no table of its own.

While a month goes on, its numbers are rounded down to tens, so that today's less yesterday's tells nothing
small either.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

LEAST = 5
"""The smallest count of people that is shown. 0 is shown: it is about nobody."""

STEP = 10
"""To what the numbers of a month that goes on are rounded down."""

K = TypeVar("K", bound=Hashable)


def shown_total(total: int) -> int | None:
    """A number that is divided by others, as it may be shown; None if it may not."""
    return None if 0 < total < LEAST else total


def shown(cells: Mapping[K, int], total: int | None) -> dict[K, int | None]:
    """The cells of a table as they may be shown: None for one that is left out; nothing at all if the
    table is.

    Args:
        cells: the numbers, which together are the total.
        total: as it is shown; None if it is not.
    """
    if total is None:
        return {}
    most = min((number for number in cells.values() if number >= LEAST), default=None)
    if most is None or not any(0 < number < LEAST for number in cells.values()):
        return dict(cells) if most is not None else {}
    left = {name: None if 0 < number <= most else number for name, number in cells.items()}
    return left if any(left.values()) else {}


def rounded(cells: Mapping[K, int]) -> dict[K, int | None]:
    """The cells of a table of a month that goes on."""
    return {name: rounded_total(number) for name, number in cells.items()}


def rounded_total(total: int) -> int:
    """A total of a month that goes on."""
    return total - total % STEP
