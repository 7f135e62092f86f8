"""The numbers of an evaluation, on cases that can be counted by hand."""

from __future__ import annotations

from evaluation.ask import Times
from evaluation.measure import measure
from evaluation.statistics import Share
from tests.support.cases import asked

NO_TIMES = Times(bot=(), rasa=())


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
    assert goals == {"all": 0.97, "plain vi": 0.98, "plain en": 0.97, "typos": 0.95}


def test_what_was_taught_word_for_word_is_told_apart() -> None:
    learned = asked(action="greet", cards=[("smalltalk", "greet")])
    new = asked(action="greet", cards=[("fallback",)])
    new = new.model_copy(update={"question": new.question.model_copy(update={"q": "Còn gì nữa?"})})

    measured = measure([learned, new], NO_TIMES, frozenset({"mon gi ngon"}))

    shares = {line.name: line.share for line in measured.sections[0].lines}
    assert (shares["all"], shares["not taught so"]) == (Share(1, 2), Share(0, 1))
    assert measured.taught == (learned,)


def test_without_parses_nothing_is_told_of_confidence() -> None:
    measured = measure([asked(id="culture.food", cards=[("fallback",)])], NO_TIMES)

    assert measured.calibration is None
    assert measured.curve == ()
