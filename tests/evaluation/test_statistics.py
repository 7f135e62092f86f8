"""Shares with their intervals, and percentiles."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.statistics import Share, percentile


# Published values: Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
@pytest.mark.parametrize(
    ("right", "of", "below", "above"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(right: int, of: int, below: float, above: float) -> None:
    assert Share(right, of).interval == pytest.approx((below, above), abs=0.0001)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_stays_between_0_and_1(counts: tuple[int, int]) -> None:
    share = Share(*counts)
    below, above = share.interval

    assert 0 <= below <= share.value <= above <= 1


def test_of_none_nothing_is_known() -> None:
    assert Share(0, 0).interval == (0, 1)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    times = [0.01 * number for number in range(1, 101)]

    assert percentile(times, 0.5) == pytest.approx(0.50)
    assert percentile(times, 0.95) == pytest.approx(0.95)
    assert percentile([0.2], 0.95) == 0.2
    assert math.isnan(percentile([], 0.5))
