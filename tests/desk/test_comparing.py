"""Two versions word by word, and the merge of two that began from one."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from bot.content.fields import Value, flat
from bot.desk.beginning import ID_MOST, id_from_title
from bot.desk.comparing import WordRun, comparison, runs
from bot.desk.editing import check_name
from bot.desk.merging import differences, merged
from bot.domain.answer import TOPICS

WORDS = st.sampled_from(["bánh", "xèo", "là", "ở", "đâu", ",", ".", "\n", " ", "Cần Thơ", "10.000", "**"])
TEXTS = st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=40)
TITLES = st.sampled_from(["A", "B", "C"])
VALUES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("office", "map"), TITLES) | {"related": st.lists(TITLES, max_size=2)}
)


@given(TEXTS, TEXTS)
@example("a", "")
def test_what_stays_and_goes_is_the_left_text_and_what_stays_and_comes_the_right(
    left: str, right: str
) -> None:
    found = runs(left, right)
    assert "".join(run.text for run in found if run.kind != "added") == left
    assert "".join(run.text for run in found if run.kind != "removed") == right
    assert all(run.text for run in found)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(run.kind == "equal" for run in runs(text, text))


def test_short_words_of_vietnamese_are_no_junk() -> None:
    left = "Bạn đi xe số 1 ở bến xe, giá 10.000 đồng. " * 30
    found = runs(left, left.replace("số 1", "số 2", 1))
    assert [run for run in found if run.kind != "equal"] == [WordRun("removed", "1"), WordRun("added", "2")]


def test_lists_and_sources_are_compared_line_by_line() -> None:
    before: Value = {"sources": [{"title": "Luật", "date": "2025"}], "vi": {"questions": ["a", "b"]}}
    after: Value = {"sources": [{"title": "Luật", "date": "2026"}], "vi": {"questions": ["a", "c"]}}
    fields = {field.path: field.runs for field in comparison("live", before, "draft", after).fields}
    assert WordRun("equal", "Luật · ") in fields["sources"]
    assert WordRun("added", "c") in fields["vi.questions"]


@given(VALUES, VALUES, VALUES)
def test_a_merge_takes_over_what_they_alone_changed_and_keeps_all_that_is_yours(
    base: Value, yours: Value, theirs: Value
) -> None:
    found = differences(base, yours, theirs)
    both, began, mine, other = flat(merged(yours, found)), flat(base), flat(yours), flat(theirs)
    for path in {*began, *mine, *other}:
        is_mine = (mine.get(path) or None) != (began.get(path) or None)
        wanted = mine if is_mine else other
        assert (both.get(path) or None) == (wanted.get(path) or None)
    assert all(one.changed_by == "both" for one in differences(None, yours, theirs))


@given(st.sampled_from(TOPICS), st.text(max_size=80), st.sets(st.sampled_from(["culture.a", "culture.a-2"])))
@example("culture", "Chợ nổi Cái Răng", set())
@example("clarification", "x" * 300, set())
@example("city", "", {"city.answer"})
def test_an_id_is_one_fits_every_button_and_is_not_taken(topic: str, title: str, taken: set[str]) -> None:
    found = id_from_title(topic, title, taken)
    check_name(found)
    assert found not in taken
    assert len(found) <= ID_MOST
    assert len(f"unhelpful:{found}:vi") <= 64
    assert re.fullmatch(r"[a-z.0-9-]+", found)


def test_an_id_is_the_title_without_diacritics() -> None:
    assert id_from_title("culture", "Chợ nổi Cái Răng: mấy giờ?", ()) == "culture.cho-noi-cai-rang-may-gio"
    assert id_from_title("culture", "Đờn ca tài tử", {"culture.don-ca-tai-tu"}) == "culture.don-ca-tai-tu-2"
