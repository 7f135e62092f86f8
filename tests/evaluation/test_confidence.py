"""Whether confidence means something, on cases that can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.ask import Times
from evaluation.confidence import calibration, trade_off
from evaluation.measure import measure
from tests.support.cases import asked, parse

NO_TIMES = Times(bot=(), rasa=())


def test_confidence_that_is_the_share_of_the_right_ones_has_no_error() -> None:
    found = calibration([(0.8, number % 5 != 0) for number in range(50)])

    assert found
    assert found.error == pytest.approx(0)
    assert found.equal_width == pytest.approx(0)


def test_the_error_is_the_mean_distance_of_the_bins() -> None:
    # Ten bins of two: nine of them sure and right, one sure and wrong.
    found = calibration([(1.0, True)] * 18 + [(0.9, False)] * 2)

    assert found
    assert [one.share.of for one in found.bins] == [2] * 10
    assert found.error == pytest.approx(0.09)
    assert found.equal_width == pytest.approx((18 * abs(1.0 - 0.9) + 0) / 20, abs=0.02)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_bins_are_of_equal_size_and_hold_every_parse(parses: list[tuple[float, bool]]) -> None:
    found = calibration(parses)

    assert found
    sizes = [one.share.of for one in found.bins]
    assert sum(sizes) == len(parses)
    assert max(sizes) - min(sizes) <= 1
    assert 0 <= found.error <= 1


@pytest.mark.parametrize(
    ("intent", "answers", "expected", "is_right"),
    [
        ("faq", ["culture.food"], {"id": "culture.food"}, True),
        ("faq", ["culture.music", "culture.food"], {"id": "culture.food"}, False),
        ("nlu_fallback", ["culture.music", "culture.food"], {"id": "culture.food"}, True),
        ("nlu_fallback", ["culture.music"], {}, False),
        ("out_of_scope", [], {}, True),
        ("out_of_scope", [], {"action": "greet"}, False),
        ("greet", [], {"action": "greet"}, True),
        ("greet", [], {"id": "culture.food"}, False),
    ],
)
def test_confidence_is_about_what_the_parse_says(
    intent: str, answers: list[str], expected: dict[str, str], is_right: bool
) -> None:
    one = asked(parse=parse(intent, 0.7, answers), cards=[("fallback",)], **expected)

    found = measure([one], NO_TIMES).calibration
    assert found
    assert found.bins[0].share.right == is_right


def test_confidence_is_told_by_topic_and_by_style() -> None:
    right = asked(id="culture.food", parse=parse("faq", 0.9, ["culture.food"]))
    wrong = asked(id="city.bus", parse=parse("faq", 0.7, ["culture.food"]))

    found = {one.name: one for one in measure([right, right, wrong], NO_TIMES).trust}

    assert found["culture"].confidence == pytest.approx(0.9)
    assert (found["culture"].share.value, found["city"].share.value) == (1, 0)
    style = found[right.question.style]
    assert style.confidence == pytest.approx((0.9 + 0.9 + 0.7) / 3)
    assert (style.share.right, style.share.of) == (2, 3)


def test_a_looser_threshold_answers_more_on_both_sides() -> None:
    curve = trade_off(
        [
            asked(id="culture.food", parse=parse("faq", 0.9, ["culture.food"])),
            asked(parse=parse("faq", 0.8, ["culture.food"])),
            asked(id="culture.food", parse=parse("faq", 0.7, ["culture.music"])),
            # Not answered now, but next in line if the threshold fell.
            asked(id="culture.music", parse=parse("nlu_fallback", 0.95, [], ("faq/culture.music", 0.4))),
            asked(parse=parse("out_of_scope", 0.99, [], ("faq/culture.music", 0.3))),
            asked(action="greet", parse=parse("greet", 0.9, [])),
        ]
    )

    assert [(round(point.rightly, 2), point.wrongly) for point in curve] == [
        (0, 0), (0.33, 0), (0.33, 0.5), (0.33, 0.5), (0.67, 0.5), (0.67, 1),
    ]  # fmt: skip


def test_parses_of_the_same_confidence_pass_a_threshold_together() -> None:
    curve = trade_off(
        [
            asked(id="culture.food", parse=parse("faq", 0.9, ["culture.food"])),
            asked(parse=parse("faq", 0.9, ["culture.food"])),
        ]
    )

    assert [(point.rightly, point.wrongly) for point in curve] == [(0, 0), (1, 1)]
