"""Questions that ask much the same stand together."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.desk.likeness import alike
from bot.text.folding import words


@dataclass(frozen=True)
class Asked:
    id: int
    text: str
    nearest: str | None = None


WORDS = ["làm", "căn", "cước", "hộ", "chiếu", "ở", "đâu", "mấy", "giờ", "chợ", "nổi", "Where", "Park", "?"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join) | st.text(max_size=30)
QUESTIONS = st.lists(st.tuples(TEXTS, st.sampled_from([None, "city.id", "culture.market"])), max_size=40).map(
    lambda pairs: [Asked(number, *pair) for number, pair in enumerate(pairs)]
)


@given(QUESTIONS)
def test_each_question_is_in_one_group_in_the_order_given(questions: list[Asked]) -> None:
    groups = alike(questions)
    assert sorted(one.id for group in groups for one in group) == [one.id for one in questions]
    for group in [*groups, [group[0] for group in groups]]:
        assert [one.id for one in group] == sorted(one.id for one in group)


@given(QUESTIONS)
def test_the_same_words_in_any_order_case_and_without_diacritics_stand_together(
    questions: list[Asked],
) -> None:
    group_of = {one.id: number for number, group in enumerate(alike(questions)) for one in group}
    by_words: dict[frozenset[str], set[int]] = {}
    for one in questions:
        if words(one.text):
            by_words.setdefault(frozenset(words(one.text)), set()).add(group_of[one.id])
    assert all(len(found) == 1 for found in by_words.values())


def test_close_words_with_the_same_nearest_answer_are_the_same_question() -> None:
    near = [
        Asked(1, "làm thẻ căn cước ở đâu", "city.id"),
        Asked(2, "thẻ căn cước thì làm ở đâu vậy", "city.id"),
        Asked(3, "chợ nổi mấy giờ đông", "culture.market"),
    ]
    assert [[one.id for one in group] for group in alike(near)] == [[1, 2], [3]]


def test_five_hundred_questions_of_which_no_two_are_alike_take_no_time() -> None:
    different = [Asked(number, f"{number:x}" * 4 + f" câu {number * 7919:o} hỏi") for number in range(500)]
    began = time.perf_counter()
    assert sum(len(group) for group in alike(different)) == 500
    assert time.perf_counter() - began < 3
