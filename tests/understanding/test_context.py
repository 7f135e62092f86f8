"""What a message means after what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlu.components.context import Context, Meant, Weights, Words, meant
from nlu.text.forms import points_back

PAGODA, TEMPLES, QUAY = "culture.clay-pagoda", "culture.khmer-pagodas", "culture.ninh-kieu-quay"
PERMIT, FAST = "investment.registration-certificate", "investment.special-procedure"

WEIGHTS = Weights()
AT_THE_PAGODA = Context(hand=PAGODA, related=(TEMPLES,))
UNSURE = Words("nlu_fallback", None, 0.6, answers={TEMPLES: 0.31, PAGODA: 0.14}, sides={"hours": 0.2})


def test_what_a_word_points_at_is_what_is_in_hand() -> None:
    assert meant(replace(UNSURE, points=True), AT_THE_PAGODA, WEIGHTS) == Meant(PAGODA, "hours")


def test_without_a_pointing_word_the_better_one_is_meant() -> None:
    assert meant(UNSURE, AT_THE_PAGODA, WEIGHTS) == Meant(TEMPLES, "hours")


def test_without_a_context_a_message_is_read_as_it_stands() -> None:
    assert meant(UNSURE, Context(), WEIGHTS) is None


def test_what_is_sure_is_read_as_it_stands() -> None:
    sure = Words("faq", QUAY, 0.95, answers={QUAY: 0.8, PAGODA: 0.6}, sides={}, points=True)
    assert meant(sure, AT_THE_PAGODA, WEIGHTS) is None


def test_an_answer_that_is_not_sure_gives_way_to_the_one_that_is_pointed_at() -> None:
    unsure = Words("faq_facet", QUAY, 0.3, answers={QUAY: 0.12, PAGODA: 0.06}, sides={"location": 0.18})
    assert meant(replace(unsure, points=True), AT_THE_PAGODA, WEIGHTS) == Meant(PAGODA, "location")


def test_what_was_shown_as_related_is_meant_where_nothing_else_is() -> None:
    faster = Words("out_of_scope", None, 0.4, answers={FAST: 0.102}, sides={"duration": 0.13}, aside=0.23)
    assert meant(faster, Context(PERMIT, (FAST,)), WEIGHTS) == Meant(FAST)
    assert meant(faster, Context(PERMIT), WEIGHTS) is None


def test_what_has_no_answer_for_sure_is_refused_in_a_conversation_too() -> None:
    gold = Words("out_of_scope", None, 0.9, answers={PAGODA: 0.12}, sides={}, aside=0.6)
    assert meant(gold, AT_THE_PAGODA, WEIGHTS) is None


def test_an_answer_that_is_named_as_clearly_as_a_side_goes_before_it() -> None:
    others = Words("followup", None, 0.46, answers={TEMPLES: 0.33}, sides={"season": 0.34})
    assert meant(others, AT_THE_PAGODA, WEIGHTS) == Meant(TEMPLES)
    assert meant(replace(others, confidence=0.9), AT_THE_PAGODA, WEIGHTS) is None


def test_a_place_that_the_answer_in_hand_tells_of_is_no_ward_that_is_asked_for() -> None:
    there = Words("ward", QUAY, 0.7, answers={PAGODA: 0.19}, sides={"getting_there": 0.35})
    assert meant(there, AT_THE_PAGODA, WEIGHTS) == Meant(PAGODA, "getting_there")
    assert meant(replace(there, answers={}), AT_THE_PAGODA, WEIGHTS) is None


def test_a_doubt_about_an_answer_asks_who_says_so_and_surprise_does_not() -> None:
    doubt = Words("doubt", None, 0.98, answers={}, sides={"source": 0.11})
    assert meant(doubt, AT_THE_PAGODA, WEIGHTS) == Meant(PAGODA, "source")
    assert meant(replace(doubt, sides={}), AT_THE_PAGODA, WEIGHTS) is None


def test_a_choice_that_was_offered_just_now_is_picked_by_its_words() -> None:
    named = Words("out_of_scope", None, 0.5, answers={QUAY: 0.14, FAST: 0.13, PAGODA: 0.02}, sides={})
    assert meant(named, Context(offered=(PAGODA, FAST)), WEIGHTS) == Meant(FAST)


@pytest.mark.parametrize("read", ["chùa đó mở cửa mấy giờ", "is that one dear", "vé cái này nhiêu"])
def test_words_point_back(read: str) -> None:
    assert points_back(read)


@pytest.mark.parametrize(
    "read", ["gần đó có chùa nào không", "tháng này đi được không", "where is the museum"]
)
def test_places_and_times_do_not(read: str) -> None:
    assert not points_back(read)


def test_a_long_message_tells_itself_what_it_means() -> None:
    assert meant(replace(UNSURE, points=True, count=30), AT_THE_PAGODA, WEIGHTS) is None


def test_what_goes_on_from_an_answer_is_no_small_talk() -> None:
    eating = Words("smalltalk", None, 0.4, answers={"culture.food": 0.11}, sides={}, aside=0.2, hints=True)
    assert meant(eating, AT_THE_PAGODA, WEIGHTS) == Meant("culture.food")
    assert meant(replace(eating, hints=False), AT_THE_PAGODA, WEIGHTS) is None
