"""The numbers, on cases that can be counted by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.ask import Times
from evaluation.measure import Outcome, Share, calibration, measure, outcome, percentile, trade_off
from tests.support.cases import asked, reading

NO_TIMES = Times(bot=(), rasa=())


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


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([("answer", "culture.food")], Outcome.FIRST),
        ([("facet", "culture.food")], Outcome.FIRST),
        ([("answer", "culture.cuisine")], Outcome.FIRST),
        ([("answer", "culture.music"), ("answer", "culture.food")], Outcome.SECOND),
        ([("choices", "culture.music", "culture.food")], Outcome.CHOICE),
        ([("choices", "culture.music", "city.overview")], Outcome.OTHER_CHOICES),
        ([("answer", "culture.music")], Outcome.OTHER),
        ([("action", "emergency")], Outcome.TALK),
        ([("fallback",)], Outcome.NOTHING),
        ([], Outcome.NOTHING),
    ],
)
def test_a_reply_has_one_outcome(cards: list[tuple[str, ...]], expected: Outcome) -> None:
    one = asked(id="culture.food", also=("culture.cuisine",), cards=cards)

    assert outcome(one) is expected


def test_to_offer_choices_out_of_scope_is_not_to_answer() -> None:
    measured = measure(
        [
            asked(near=True, cards=[("choices", "culture.food")]),
            asked(near=True, cards=[("answer", "culture.food")]),
            asked(near=False, cards=[("fallback",)]),
            asked(near=False, cards=[("facet", "culture.food")]),
        ],
        NO_TIMES,
    )

    (section,) = [section for section in measured.sections if section.title.startswith("Out of scope")]
    assert {line.name: (line.share.right, line.share.of) for line in section.lines} == {
        "all": (2, 4), "near": (1, 2), "far": (1, 2),
    }  # fmt: skip


def test_small_talk_counts_by_its_action_alone() -> None:
    measured = measure(
        [
            asked(action="greet", cards=[("smalltalk", "greet")]),
            asked(action="deny", cards=[("action", "deny")]),
            asked(action="deny", cards=[("smalltalk", "greet")]),
        ],
        NO_TIMES,
    )

    assert [one.question.action for one in measured.missed_small_talk] == ["deny"]
    assert not measured.confusions
    assert not measured.answered_out_of_scope


def test_what_is_confused_most_comes_first_and_small_talk_is_named() -> None:
    measured = measure(
        [
            asked(id="culture.food", cards=[("action", "emergency")]),
            asked(id="culture.food", cards=[("answer", "culture.music")]),
            asked(id="culture.food", cards=[("answer", "culture.music")]),
            asked(id="culture.food", cards=[("answer", "culture.food")]),
        ],
        NO_TIMES,
    )

    assert [(pair.wanted, pair.got, len(pair.asked)) for pair in measured.confusions] == [
        ("culture.food", "culture.music", 2),
        ("culture.food", "(emergency)", 1),
    ]


def test_a_goal_belongs_to_its_style_and_language() -> None:
    measured = measure(
        [
            asked(id="culture.food", lang=language, style=style, cards=[("answer", "culture.food")])
            for language, style in [("vi", "plain"), ("en", "plain"), ("en", "typos")]
        ],
        NO_TIMES,
    )

    goals = {line.name: line.goal for line in measured.sections[0].lines}
    assert goals == {"all": 0.94, "plain vi": 0.97, "plain en": 0.96, "typos": 0.90}


def test_what_was_taught_word_for_word_is_told_apart() -> None:
    learned = asked(action="greet", cards=[("smalltalk", "greet")])
    new = asked(action="greet", cards=[("fallback",)])
    new = new.model_copy(update={"question": new.question.model_copy(update={"q": "Còn gì nữa?"})})

    measured = measure([learned, new], NO_TIMES, frozenset({"mon gi ngon"}))

    shares = {line.name: line.share for line in measured.sections[0].lines}
    assert (shares["all"], shares["not taught so"]) == (Share(1, 2), Share(0, 1))
    assert measured.taught == (learned,)


# Confidence


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
def test_bins_are_of_equal_size_and_hold_every_reading(readings: list[tuple[float, bool]]) -> None:
    found = calibration(readings)

    assert found
    sizes = [one.share.of for one in found.bins]
    assert sum(sizes) == len(readings)
    assert max(sizes) - min(sizes) <= 1
    assert 0 <= found.error <= 1


def test_without_readings_nothing_is_told_of_confidence() -> None:
    measured = measure([asked(id="culture.food", cards=[("fallback",)])], NO_TIMES)

    assert measured.calibration is None
    assert measured.curve == ()


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
def test_confidence_is_about_what_the_reading_says(
    intent: str, answers: list[str], expected: dict[str, str], is_right: bool
) -> None:
    one = asked(reading=reading(intent, 0.7, answers), cards=[("fallback",)], **expected)

    found = measure([one], NO_TIMES).calibration
    assert found
    assert found.bins[0].share.right == is_right


def test_a_looser_threshold_answers_more_on_both_sides() -> None:
    curve = trade_off(
        [
            asked(id="culture.food", reading=reading("faq", 0.9, ["culture.food"])),
            asked(reading=reading("faq", 0.8, ["culture.food"])),
            asked(id="culture.food", reading=reading("faq", 0.7, ["culture.music"])),
            # Not answered now, but next in line if the threshold fell.
            asked(id="culture.music", reading=reading("nlu_fallback", 0.95, [], ("faq/culture.music", 0.4))),
            asked(reading=reading("out_of_scope", 0.99, [], ("faq/culture.music", 0.3))),
            asked(action="greet", reading=reading("greet", 0.9, [])),
        ]
    )

    assert [(round(point.rightly, 2), point.wrongly) for point in curve] == [
        (0, 0), (0.33, 0), (0.33, 0.5), (0.33, 0.5), (0.67, 0.5), (0.67, 1),
    ]  # fmt: skip


def test_readings_of_the_same_confidence_pass_a_threshold_together() -> None:
    curve = trade_off(
        [
            asked(id="culture.food", reading=reading("faq", 0.9, ["culture.food"])),
            asked(reading=reading("faq", 0.9, ["culture.food"])),
        ]
    )

    assert [(point.rightly, point.wrongly) for point in curve] == [(0, 0), (1, 1)]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    times = [0.01 * number for number in range(1, 101)]

    assert percentile(times, 0.5) == pytest.approx(0.50)
    assert percentile(times, 0.95) == pytest.approx(0.95)
    assert percentile([0.2], 0.95) == 0.2
    assert math.isnan(percentile([], 0.5))
