"""How long the lasting properties are tried: for moments in `make test`, for SOAK_SECONDS in `make soak`.

A test of one is marked `soak` and goes on for `seconds(short)`, or round after round:

    @pytest.mark.soak
    def test_a_property() -> None:
        for _ in rounds(5):
            ...
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator


def seconds(short: float) -> float:
    """How many seconds a property is tried: `short` unless SOAK_SECONDS says otherwise."""
    return float(os.environ.get("SOAK_SECONDS") or short)


def rounds(short: float) -> Iterator[int]:
    """Count rounds from 0, at least one, until the seconds are over."""
    end = time.monotonic() + seconds(short)
    number = 0
    while True:
        yield number
        number += 1
        if time.monotonic() > end:
            return
