"""Answers are found by words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.library import Library
from bot.content.loading import load
from bot.content.search import find_among, search, search_wards
from bot.content.wards import FormerWard, Ward
from bot.domain.language import Language
from tests.support import ROOT
from tests.support.data import data_in

VI, EN = Language.VI, Language.EN
ENOUGH = {
    "plain": 0.97,
    "no_diacritics": 0.95,
    "typos": 0.95,
    "keyword": 0.95,
    "chat": 0.8,
    "mixed": 0.7,
    "long": 0.6,
}
"""Which share of the questions of each style has its answer among the first five."""


@pytest.fixture(scope="module")
def library() -> Library:
    return load(ROOT / "content").library


def ids(library: Library, text: str, language: Language, limit: int = 5) -> list[str]:
    return [match.answer.id for match in search(library, text, language, limit)]


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("chợ nổi cái răng", VI, "culture.cai-rang-floating-market"),
        ("cho noi cai rang", VI, "culture.cai-rang-floating-market"),
        ("CHỢ NỔI, Cái Răng!", VI, "culture.cai-rang-floating-market"),
        ("floting market", EN, "culture.cai-rang-floating-market"),
        ("identty card merger", EN, "clarification.id-card-after-merger"),
        ("xăng e1", VI, "clarification.e10-petrol"),
    ],
)
def test_without_diacritics_with_a_typo_or_unfinished(
    library: Library, text: str, language: Language, found: str
) -> None:
    assert found in ids(library, text, language)[:2]


@pytest.mark.parametrize(
    ("text", "ids", "found"),
    [
        ("xang e10 co hai xe khong", {"clarification.e10-petrol"}, "clarification.e10-petrol"),
        ("is e10 petrol bad for old bikes", {"clarification.e10-petrol"}, "clarification.e10-petrol"),
        ("chợ nổi cái răng mấy giờ", {"clarification.e10-petrol"}, None),
        (
            "chợ nổi cái răng mấy giờ",
            {"culture.cai-rang-floating-market", "city.hotline"},
            "culture.cai-rang-floating-market",
        ),
        ("", {"clarification.e10-petrol"}, None),
        ("xăng e10", set(), None),
    ],
)
def test_of_some_answers_the_one_is_found_that_hardly_another_fits_better(
    library: Library, text: str, ids: set[str], found: str | None
) -> None:
    answer = find_among(library, text, ids)
    assert (answer.id if answer else None) == found


@pytest.mark.parametrize("text", ["", "   ", "?!", "zzzzzz", "🙂"])
def test_what_nobody_wrote_finds_nothing(library: Library, text: str) -> None:
    assert ids(library, text, VI) == []


def test_only_what_is_served_is_found(small_library: Library) -> None:
    answer = small_library.answers["culture.food"]
    hidden = answer.model_copy(update={"status": "draft"})
    library = Library(
        {**small_library.answers, "culture.food": hidden}, small_library.offices, small_library.messages
    )
    assert ids(small_library, "food", EN) == ["culture.food"]
    assert ids(library, "food", EN) == []


def test_no_more_than_asked_for_best_first(library: Library) -> None:
    matches = search(library, "visa", EN, 3)
    assert len(matches) == 3
    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)


def test_independent_questions_find_their_answers_soon(library: Library) -> None:
    hits: dict[str, list[bool]] = {}
    took = []
    for topic in ("city", "investment", "diaspora", "culture", "clarification"):
        for row in data_in(ROOT / "tests" / "nlu" / f"{topic}.yml"):
            begin = time.thread_time()
            found = ids(library, row["q"], Language(row["lang"]))
            took.append(time.thread_time() - begin)
            hits.setdefault(row["style"], []).append(row["id"] in found)
    assert {
        style: sum(one) / len(one) for style, one in hits.items() if sum(one) / len(one) < ENOUGH[style]
    } == {}
    assert sorted(took)[int(len(took) * 0.95)] < 0.03


@given(st.text(max_size=300))
def test_whatever_is_typed_gets_a_list(small_library: Library, text: str) -> None:
    assert len(search(small_library, text, VI, 5)) <= 2


def test_wards_are_found_by_any_of_their_names(library: Library) -> None:
    assert library.wards
    found = search_wards(library.wards, "thoi lai")
    assert isinstance(found[0], Ward)
    assert any(isinstance(one, FormerWard) for one in found)
    assert search_wards(library.wards, "cần thơ hậu giang") == []
    assert search_wards(library.wards, "?") == []


def test_the_word_for_ward_is_no_name_of_one(library: Library) -> None:
    assert library.wards
    assert search_wards(library.wards, "An Phú") == []  # nor is any "Phường An ..." meant
    assert {one.name for one in search_wards(library.wards, "nhon ngh")} == {"Nhơn Nghĩa", "Nhơn Nghĩa A"}


@pytest.mark.parametrize("text", ["cho noi", "chợ nổi"])
def test_words_that_stand_beside_each_other_belong_together(library: Library, text: str) -> None:
    found = ids(library, text, VI, 100)
    assert set(found[:3]) == {
        "culture.cai-rang-floating-market",
        "culture.nga-nam-floating-market",
        "clarification.floating-market-closing",
    }
    assert len(found) < 15  # "cho" and "noi" alone are in nearly every answer
