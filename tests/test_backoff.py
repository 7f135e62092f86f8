"""The pauses between tries double, up to the longest, until one goes well."""

from __future__ import annotations

from bot.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(1, 5)
    assert [backoff.pause() for _ in range(5)] == [1, 2, 4, 5, 5]


def test_after_one_that_went_well_they_begin_anew() -> None:
    backoff = Backoff(1, 5)
    backoff.pause()
    backoff.pause()
    backoff.reset()
    assert backoff.pause() == 1
