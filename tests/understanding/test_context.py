"""What a message means after what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlu import paths
from nlu.components.context import STANDS, Context, Meant, Scores, Words, candidates, meant
from nlu.text.forms import points_back
from tests.support import ROOT

PAGODA, TEMPLES, QUAY = "culture.clay-pagoda", "culture.khmer-pagodas", "culture.ninh-kieu-quay"
PERMIT = "investment.registration-certificate"
SIDES = ("getting_there", "hours", "location", "price")

WEIGHTS: dict[str, float] = paths.read_yaml(ROOT / paths.CONTEXT)
AT_THE_PAGODA = Context(
    hand=PAGODA, related=(TEMPLES,), sides={PAGODA: SIDES, TEMPLES: SIDES, QUAY: ("location",)}
)
HOW_MUCH = Words(
    "out_of_scope",
    confidence=0.6,
    scores={"out_of_scope": 0.3, "followup/price": 0.22, f"faq/{PAGODA}": 0.08},
    sides={"price": 0.9},
    count=5,
)


def test_a_side_that_is_asked_for_is_one_of_what_is_in_hand() -> None:
    assert meant(HOW_MUCH, AT_THE_PAGODA, WEIGHTS, Scores()) == Meant(PAGODA, "price")


def test_without_a_context_a_message_is_read_as_it_stands() -> None:
    assert [one for one, _ in candidates(HOW_MUCH, Context())] == [None]


@pytest.mark.parametrize("intent", sorted(STANDS))
def test_some_readings_stand_whatever_was_said(intent: str) -> None:
    assert meant(replace(HOW_MUCH, intent=intent), AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_a_number_is_one_of_what_was_offered() -> None:
    number = replace(HOW_MUCH, intent="choose")
    assert [one for one, _ in candidates(number, replace(AT_THE_PAGODA, offered=(QUAY,)))] == [None]
    assert meant(number, AT_THE_PAGODA, WEIGHTS, Scores()) == Meant(PAGODA, "price")


def test_what_is_named_surely_is_meant_whatever_was_said() -> None:
    sure = Words("faq", QUAY, None, 0.97, {f"faq/{QUAY}": 0.95, f"faq/{PAGODA}": 0.05}, {}, 8)
    assert meant(sure, AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_what_was_read_is_not_named_again() -> None:
    read = Words("followup", None, "hours", 0.9, {"followup/hours": 0.9}, {"hours": 0.95}, 3)
    assert meant(read, AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_what_was_shown_as_related_is_meant_before_what_was_not() -> None:
    scores = {"out_of_scope": 0.2, f"faq/{TEMPLES}": 0.18, f"faq/{PERMIT}": 0.18}
    unsure = Words("nlu_fallback", None, None, 0.5, scores, {}, 4)
    assert meant(unsure, AT_THE_PAGODA, WEIGHTS, Scores()) == Meant(TEMPLES)


def test_a_side_that_an_answer_does_not_have_is_never_meant() -> None:
    every = {one for one, _ in candidates(HOW_MUCH, replace(AT_THE_PAGODA, hand=QUAY, related=()))}
    assert Meant(QUAY, "location") in every
    assert Meant(QUAY, "price") not in every


def test_a_side_that_an_answer_is_all_about_is_its_whole_unless_it_is_asked_for_in_so_many_words() -> None:
    asked = Words("faq", QUAY, None, 0.9, {f"faq/{QUAY}": 0.6}, {"location": 0.5}, 5, subjects=("location",))
    at_first = Context(sides=AT_THE_PAGODA.sides)
    assert meant(asked, at_first, WEIGHTS, Scores()) is None
    assert meant(replace(asked, sides={"location": 1.0}), at_first, WEIGHTS, Scores()) == Meant(
        QUAY, "location"
    )


def test_a_doubt_about_an_answer_asks_who_says_so_and_surprise_does_not() -> None:
    doubt = Words("doubt", None, None, 0.95, {"doubt": 0.9, "followup/source": 0.12}, {"source": 0.3}, 4)
    assert meant(doubt, AT_THE_PAGODA, WEIGHTS, Scores()) == Meant(PAGODA, "source")
    surprise = replace(doubt, scores={"doubt": 0.9, "followup/source": 0.01}, sides={}, count=2)
    assert meant(surprise, AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_what_has_no_answer_for_sure_is_refused_in_a_conversation_too() -> None:
    gold = Words("out_of_scope", None, None, 0.97, {"out_of_scope": 0.8, f"faq/{PAGODA}": 0.1}, {}, 6)
    assert meant(gold, AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_a_wish_to_do_harm_is_declined_in_a_conversation_too() -> None:
    harm = Words("declined", None, None, 0.9, {"declined": 0.7, f"faq/{PAGODA}": 0.3}, {}, 8)
    assert meant(harm, AT_THE_PAGODA, WEIGHTS, Scores()) is None


def test_every_weight_is_that_of_a_feature() -> None:
    sides = {"price": 0.9, "location": 0.8}
    told = replace(HOW_MUCH, answer=QUAY, side="price", sides=sides, points=True, hints=True)
    told = replace(told, subjects=("location",))
    named = replace(told, scores={**HOW_MUCH.scores, f"faq/{QUAY}": 0.4, f"faq/{TEMPLES}": 0.1})
    offered = replace(AT_THE_PAGODA, offered=(QUAY,), before=(PERMIT,))
    every = [
        *candidates(named, AT_THE_PAGODA),
        *candidates(replace(named, intent="doubt"), offered),
        *candidates(replace(named, intent="faq"), Context(sides=AT_THE_PAGODA.sides)),
        *candidates(replace(named, intent="faq_facet"), Context(sides=AT_THE_PAGODA.sides)),
    ]
    features = {name for _, of_one in every for name in of_one}
    kinds = ("read as ", "confidence of ", "score of ", "side is ")
    assert {name for name in WEIGHTS if not name.startswith(kinds)} <= features


@pytest.mark.parametrize("read", ["chùa đó mở cửa mấy giờ", "is that one dear", "vé cái này nhiêu"])
def test_words_point_back(read: str) -> None:
    assert points_back(read)


@pytest.mark.parametrize(
    "read", ["gần đó có chùa nào không", "tháng này đi được không", "where is the museum"]
)
def test_places_and_times_do_not(read: str) -> None:
    assert not points_back(read)
