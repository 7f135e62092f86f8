"""Nobody who reads all that is shown, and how it is made, can tell a count of one to four.

The attacker here knows every total that is shown and the rules themselves: they try all numbers that could
be, and keep those of which exactly the same would be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.suppression import LEAST, STEP, rounded, rounded_total, shown, shown_total
from tests.support.examples import examples

SMALL = range(1, LEAST)


def divisions(total: int, number: int) -> Iterator[tuple[int, ...]]:
    """Every way to divide a total into so many cells."""
    if number == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in divisions(total - first, number - 1):
            yield (first, *rest)


def published(cells: tuple[int, ...]) -> object:
    total = shown_total(sum(cells))
    return total, shown(dict(enumerate(cells)), total)


cells = st.lists(st.integers(0, 14), min_size=1, max_size=4).map(tuple).filter(lambda c: sum(c) <= 30)


@settings(max_examples=examples(150), deadline=None)
@given(cells)
def test_no_small_cell_can_be_told_from_a_table(true: tuple[int, ...]) -> None:
    told = published(true)
    if told[0] is None:  # type: ignore[index]
        return
    possible = [c for c in divisions(sum(true), len(true)) if published(c) == told]
    assert true in possible
    for place, number in enumerate(true):
        if number in SMALL:
            assert len({one[place] for one in possible}) > 1, (true, told)


@pytest.mark.parametrize(
    "true",
    [
        (1, 1),
        (4, 4),
        (1, 4),
        (1, 1, 1, 1, 1),
        (4, 4, 4),
        (3, 5),
        (5, 5, 3),
        (0, 4, 8),
        (2, 5, 9),
        (0, 0, 3, 7),
    ],
)
def test_the_narrow_cases_as_well(true: tuple[int, ...]) -> None:
    test_no_small_cell_can_be_told_from_a_table.hypothesis.inner_test(true)  # type: ignore[attr-defined]


tree = st.tuples(*[st.tuples(st.integers(0, 8), st.integers(0, 8))] * 2)


def published_tree(parts: tuple[tuple[int, ...], ...]) -> object:
    """A total divided into cells, of which each is divided again; and the same total divided in another
    way."""
    sums = [sum(part) for part in parts]
    total = shown_total(sum(sums))
    upper = shown(dict(enumerate(sums)), total)
    return total, upper, [shown(dict(enumerate(part)), upper.get(place)) for place, part in enumerate(parts)]


@settings(max_examples=examples(40), deadline=None)
@given(tree)
def test_no_small_cell_can_be_told_from_tables_within_tables(true: tuple[tuple[int, ...], ...]) -> None:
    told = published_tree(true)
    flat = [number for part in true for number in part]
    if sum(flat) < LEAST:
        return
    possible = [c for c in divisions(sum(flat), 4) if published_tree((c[:2], c[2:])) == told]
    for place, number in enumerate(flat):
        if number in SMALL:
            assert len({one[place] for one in possible}) > 1, (true, told)
    for side in (0, 1):
        if sum(true[side]) in SMALL:
            assert len({sum(one[side * 2 : side * 2 + 2]) for one in possible}) > 1, (true, told)


def narrowed(box: dict[str, tuple[int, int]], sums: Mapping[str, list[str]]) -> dict[str, tuple[int, int]]:
    """The bounds of each number, as narrow as the sums make them."""
    while True:
        before = dict(box)
        for whole, parts in sums.items():
            low, high = (sum(box[part][side] for part in parts) for side in (0, 1))
            box[whole] = (max(box[whole][0], low), min(box[whole][1], high))
            for part in parts:
                rest_low, rest_high = low - box[part][0], high - box[part][1]
                box[part] = (
                    max(box[part][0], box[whole][0] - rest_high),
                    min(box[part][1], box[whole][1] - rest_low),
                )
                low, high = (sum(box[one][side] for one in parts) for side in (0, 1))
        if box == before:
            return box


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=40), min_size=1, max_size=4), st.data())
def test_nor_by_equations_over_all_tables_of_a_total(tables: list[list[int]], data: st.DataObject) -> None:
    """Large tables, by narrowing bounds: by day, by hour, by channel and so on, all of the same total."""
    most = max(map(sum, tables))
    tables = [[*table, most - sum(table)] if sum(table) < most else table for table in tables]
    small = data.draw(st.integers(0, 4))
    tables = [[*table, small] for table in tables]
    total = shown_total(most + small)
    box = {"total": (total, total) if total is not None else (0, LEAST - 1)}
    true: dict[str, int] = {}
    for number, table in enumerate(tables):
        names = {f"{number}.{place}": cell for place, cell in enumerate(table)}
        told = shown(names, total)
        for name, cell in names.items():
            said = told.get(name)
            box[name] = (0, most + small) if said is None else (said, said)
            true[name] = cell
        for_all = narrowed({**box}, {"total": list(names)})
        box |= for_all
    for name, cell in true.items():
        if cell in SMALL and total is not None:
            assert box[name][0] < box[name][1], (name, cell)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=3), st.lists(st.integers(0, 9), min_size=2, max_size=3)
)
def test_a_month_that_goes_on_tells_nothing_small_from_day_to_day(first: list[int], more: list[int]) -> None:
    """What came between two days: neither from what was rounded, nor when the exact number comes at the
    end."""
    yesterday = dict(enumerate(first))
    today = {place: number + more[place % len(more)] for place, number in yesterday.items()}
    told = [(rounded(one), rounded_total(sum(one.values()))) for one in (yesterday, today)]

    def spans(told_of: tuple[Mapping[int, int | None], int]) -> list[range]:
        return [range(number or 0, (number or 0) + STEP) for number in told_of[0].values()]

    def fits(one: tuple[int, ...], total: int) -> bool:
        return rounded_total(sum(one)) == total

    before = [one for one in product(*spans(told[0])) if fits(one, told[0][1])]
    for place, number in yesterday.items():
        came = today[place] - number
        could = {one[place] for one in before}
        between = {today[place] - earlier for earlier in could if earlier <= today[place]}
        if came in SMALL:
            assert len(between) > 1


def test_what_is_large_enough_is_shown() -> None:
    assert shown({"a": 5, "b": 6, "c": 0}, 11) == {"a": 5, "b": 6, "c": 0}
    assert shown({"a": 3, "b": 70, "c": 900, "d": 0}, 973) == {"a": None, "b": None, "c": 900, "d": 0}
    assert shown({"a": 3, "b": 70}, 73) == {}
    assert shown({"a": 300, "b": 70}, None) == {}
