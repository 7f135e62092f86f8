"""So much a minute under each name, at a cost that does not grow."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.throttle import MINUTE, Throttle


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_is_let_through_at_once_and_then_one_at_a_time() -> None:
    clock = Seconds()
    throttle = Throttle(3, clock)
    assert [throttle.take("a") for _ in range(5)] == [0, 0, 0, 20, 20]
    assert throttle.take("b") == 0
    clock.now += 20
    assert [throttle.take("a") for _ in range(2)] == [0, 20]
    clock.now += 60
    assert [throttle.take("a") for _ in range(4)] == [0, 0, 0, 20]


def test_none_is_no_limit() -> None:
    throttle = Throttle(0)
    assert not any(throttle.take("a") for _ in range(1000))


def test_who_was_here_a_minute_ago_is_forgotten() -> None:
    clock = Seconds()
    throttle = Throttle(30, clock)
    for number in range(1000):
        throttle.take(f"address {number}")
    clock.now += MINUTE
    throttle.take("another")
    assert throttle._empty_at.keys() == {"another"}


@given(st.integers(1, 100), st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_twice_the_limit_in_a_minute_and_the_wait_is_true(
    per_minute: int, pauses: list[float]
) -> None:
    clock = Seconds()
    throttle = Throttle(per_minute, clock)
    let_through: list[float] = []
    for pause in pauses:
        clock.now += pause
        if wait := throttle.take("a"):
            clock.now += wait
            assert throttle.take("a") == 0
        let_through.append(clock.now)
        assert sum(at > clock.now - MINUTE for at in let_through) <= 2 * per_minute
