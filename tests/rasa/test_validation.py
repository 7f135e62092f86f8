"""Which models may take the place of the live one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.trainer.validation import (
    Prediction,
    QuestionsError,
    ValidationQuestion,
    counted,
    judge,
    read_questions,
    right_by,
)

EMERGENCY = ValidationQuestion("help", "en", intent="emergency", must_pass=True)
FOOD = ValidationQuestion("what to eat", "en", ("culture.food",), must_pass=True)
STRANGE = ValidationQuestion("who won the match", "en")


def right(question: ValidationQuestion) -> Prediction:
    """The reply that a question is for."""
    answer = question.answers[0] if question.answers else None
    intent = question.intent or ("faq" if answer else "out_of_scope")
    return Prediction(question, intent, answer, tuple(question.answers))


def wrong(question: ValidationQuestion) -> Prediction:
    """Another answer than the one that it is for."""
    return Prediction(question, "faq", "culture.drinks", ("culture.drinks", *question.answers, "city.market"))


def ordinary(number: int) -> ValidationQuestion:
    """A question of the evaluation."""
    return ValidationQuestion(f"question {number}", "vi", ("culture.music",))


@pytest.mark.parametrize("question", [EMERGENCY, FOOD, STRANGE])
def test_a_reply_is_right_if_it_is_what_the_question_is_for(question: ValidationQuestion) -> None:
    assert right(question).is_right
    assert not wrong(question).is_right


def test_choices_are_no_answer() -> None:
    offered = Prediction(FOOD, "nlu_fallback", None, ("culture.food", "culture.drinks"))
    assert not offered.is_right
    assert offered.got is None


def test_a_model_that_gets_everything_right_may_answer() -> None:
    verdict = judge([right(EMERGENCY), right(FOOD)], {"help": True, "what to eat": True})
    assert not verdict.is_refused
    assert (verdict.accuracy, verdict.accuracy_before) == (1.0, 1.0)


def test_a_must_pass_question_that_breaks_is_named_with_what_competes_for_it() -> None:
    verdict = judge([right(EMERGENCY), wrong(FOOD)], {"help": True, "what to eat": True})
    assert verdict.is_refused
    (broken,) = verdict.broken
    assert (broken.question, broken.expected, broken.got) == ("what to eat", "culture.food", "culture.drinks")
    assert broken.competing == ["culture.drinks", "city.market"]


def test_an_emergency_that_gets_an_answer_is_named_by_its_intent() -> None:
    (broken,) = judge([wrong(EMERGENCY)], None).broken
    assert (broken.expected, broken.got) == ("emergency", "culture.drinks")


def test_a_must_pass_question_that_was_never_asked_before_counts() -> None:
    assert judge([wrong(FOOD)], {"help": True}).is_refused


def test_a_must_pass_question_that_the_live_model_fails_too_refuses_nothing() -> None:
    assert not judge([right(EMERGENCY), wrong(FOOD)], {"help": True, "what to eat": False}).is_refused


def test_half_a_point_of_accuracy_may_be_lost() -> None:
    questions = [ordinary(number) for number in range(200)]
    before = {question.text: True for question in questions}
    one_lost = [wrong(questions[0]), *map(right, questions[1:])]
    assert not judge(one_lost, before).is_refused


def test_more_than_half_a_point_may_not_and_each_lost_question_is_named() -> None:
    questions = [ordinary(number) for number in range(200)]
    before = {question.text: True for question in questions} | {"question 9": False}
    predictions = [*map(wrong, questions[:3]), *map(right, questions[3:9]), wrong(questions[9])]
    verdict = judge([*predictions, *map(right, questions[10:])], before)
    assert verdict.is_refused
    assert [broken.question for broken in verdict.broken] == ["question 0", "question 1", "question 2"]
    assert verdict.accuracy_before == pytest.approx(199 / 200)
    assert verdict.accuracy == pytest.approx(196 / 200)


def test_accuracy_is_compared_on_the_questions_that_both_models_were_asked() -> None:
    verdict = judge([right(FOOD), wrong(STRANGE)], {"what to eat": True})
    assert not verdict.is_refused
    assert (verdict.accuracy, verdict.accuracy_before) == (1.0, 1.0)


def test_without_a_live_model_there_is_nothing_to_compare_with() -> None:
    verdict = judge([right(FOOD), wrong(STRANGE)], None)
    assert not verdict.is_refused
    assert (verdict.accuracy, verdict.accuracy_before) == (0.5, None)


def test_a_question_whose_answer_is_not_published_does_not_count() -> None:
    assert counted([EMERGENCY, FOOD, STRANGE], frozenset({"culture.music"})) == [EMERGENCY, STRANGE]
    assert counted([FOOD], frozenset({"culture.food"})) == [FOOD]


def test_questions_are_read_once_and_must_pass_ones_first(tmp_path: Path) -> None:
    must_pass = tmp_path / "must_pass.yml"
    must_pass.write_text('- {q: "help", lang: en, intent: emergency}', encoding="utf-8")
    evaluation = tmp_path / "evaluation"
    evaluation.mkdir()
    (evaluation / "some.yml").write_text(
        '- {q: "help", lang: en, style: plain, action: help}\n'
        '- {q: "eat?", lang: en, style: plain, id: culture.food, also: [culture.drinks]}\n'
        '- {q: "match?", lang: en, style: plain, near: false}\n',
        encoding="utf-8",
    )
    assert read_questions(must_pass, evaluation) == [
        EMERGENCY,
        ValidationQuestion("eat?", "en", ("culture.food", "culture.drinks"), style="plain"),
        ValidationQuestion("match?", "en", style="plain"),
    ]


def test_without_evaluation_questions_must_pass_stands_alone(tmp_path: Path) -> None:
    must_pass = tmp_path / "must_pass.yml"
    must_pass.write_text('- {q: "help", lang: en, intent: emergency}', encoding="utf-8")
    assert read_questions(must_pass, tmp_path / "nowhere") == [EMERGENCY]


@pytest.mark.parametrize(
    "text", ['- {q: "help", lang: en}', "- {lang: en, id: x}", "- just text", "[", "- {q: 5"]
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    must_pass = tmp_path / "must_pass.yml"
    must_pass.write_text(text, encoding="utf-8")
    with pytest.raises(QuestionsError, match=r"must_pass\.yml"):
        read_questions(must_pass, tmp_path)


def test_the_questions_of_this_project_can_be_used() -> None:
    questions = read_questions(Path("nlu/must_pass.yml"), Path("tests/nlu"))
    must_pass = [question for question in questions if question.must_pass]
    assert len(must_pass) >= 40
    assert {"emergency", "care", "forget"} <= {question.intent for question in must_pass}
    assert {question.language for question in must_pass} == {"vi", "en"}


def test_what_is_right_is_counted_by_topic_and_style() -> None:
    questions = [
        ValidationQuestion("a", "vi", ("culture.food",), style="chat"),
        ValidationQuestion("b", "vi", ("culture.music",), style="plain"),
        ValidationQuestion("c", "en", style="chat"),
        ValidationQuestion("never asked", "en", ("city.bridge",), style="plain"),
    ]
    assert right_by({"a": True, "b": False, "c": True}, questions) == {
        "topic": {"culture": (1, 2)},
        "style": {"chat": (2, 2), "plain": (0, 1)},
    }
