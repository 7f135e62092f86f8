"""The pauses between tries double, up to the longest."""

from __future__ import annotations

from bot.backoff import pause_after


def test_pauses_double_up_to_the_longest() -> None:
    assert [pause_after(failures, first=1, longest=5) for failures in range(5)] == [1, 2, 4, 5, 5]


def test_however_often_it_failed_the_longest_stays_the_longest() -> None:
    assert pause_after(100_000, first=0.5, longest=300) == 300
