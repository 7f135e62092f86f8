"""How many examples hypothesis tries where the profile's number is not the right one."""

from __future__ import annotations

from hypothesis import settings

USUALLY = 100
"""Examples of a test that says nothing, in `make test`."""


def examples(number: int) -> int:
    """So many in `make test`, and as many fewer in `make quick` as its profile has."""
    return max(1, number * settings().max_examples // USUALLY)
