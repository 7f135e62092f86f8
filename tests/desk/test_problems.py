"""What the check of content/ finds is said in phrases that the pages have in both languages."""

from __future__ import annotations

import copy
import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.content.check import check
from bot.content.fields import FIELDS, Value, as_value
from bot.content.loading import load
from bot.desk.problems import as_published, field_of, of_findings, unfinished
from tests.support import ROOT
from tests.support.content import ANSWER
from tests.support.desk import FOOD, make_content

TODAY = datetime.date(2026, 11, 28)


def full() -> Value:
    texts = {language: {"title": "Tựa", "answer": "Có.", "questions": ["a"]} for language in ("vi", "en")}
    return {
        "status": "published", "office": "culture", "checked": "2026-11-01", "review_by": "2027-01-01",
        "sources": [{"title": "Nguồn", "date": "2026-11-01"}], **texts,
    }  # fmt: skip


def set_(path: str, content: object) -> Callable[[Value], None]:
    def change(value: Value) -> None:
        inner: Any = value
        *above, name = path.split(".")
        for parent in above:
            inner = inner.setdefault(parent, {})
        inner[name] = content

    return change


def test_a_complete_answer_has_no_problem() -> None:
    assert unfinished(FOOD, full()) == ()


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        ("vi.title", "x" * 61, [("vi.title", "problem_too_long")]),
        ("vi.title", "  ", [("vi.title", "problem_missing")]),
        ("sources", [], [("sources", "problem_missing")]),
        ("sources", [{"title": "A", "url": "a b"}], [("sources", "problem_address")]),
        ("sources", [{"title": ""}], [("sources", "problem_missing")]),
        ("sources", [{"title": "A", "date": "gần đây"}], [("sources", "problem_partial_date")]),
        ("checked", "hôm qua", [("checked", "problem_date")]),
        ("review_by", "2026-01-01", [("review_by", "problem_review_before_check")]),
        ("publish_at", "mai", [("publish_at", "problem_moment")]),
        ("publish_at", "2026-12-01", []),
        ("vi.facets.price", "10.000", [("en.facets.price", "problem_one_language")]),
        ("en.facets.price", "10,000", [("vi.facets.price", "problem_one_language")]),
        ("verdict", "maybe", [("verdict", "problem_choice")]),
        ("verdict", "refuted", [("", "problem_no_claim")]),
        ("related", ["Food"], [("related", "problem_id")]),
    ],
)  # fmt: skip
def test_each_mistake_is_told_at_its_field(path: str, content: object, found: list[tuple[str, str]]) -> None:
    value = full()
    set_(path, content)(value)
    assert [(problem.field, problem.key) for problem in unfinished(FOOD, value)] == found


def test_a_clarification_needs_claim_verdict_and_who_clarified_it() -> None:
    missing = {problem.field for problem in unfinished("clarification.rumour", full())}
    assert missing == {
        "verdict", "clarified.by.vi", "clarified.by.en", "clarified.date", "vi.claim", "en.claim",
    }  # fmt: skip


def test_every_answer_of_ours_is_complete() -> None:
    loaded = load(ROOT / "content")
    for name in loaded.library.answers:
        value = as_value(loaded.files[name].value)
        assert isinstance(value, dict)
        assert unfinished(name, as_published(name, value)) == ()


def test_what_goes_out_is_published_and_no_longer_withdrawn() -> None:
    value = {**full(), "status": "withdrawn", "withdrawn": {"date": "2026-11-01"}}
    assert as_published(FOOD, value) == full()


def test_a_key_lies_in_its_field() -> None:
    assert field_of("sources.0.title") == "sources"
    assert field_of("vi.questions.3") == "vi.questions"
    assert {field_of(path) for path in FIELDS} == set(FIELDS)


@pytest.mark.slow
def test_what_the_check_says_of_our_own_content_and_of_a_bad_answer_has_a_phrase(tmp_path: Path) -> None:
    directory = make_content(tmp_path, in_git=False)
    bad = copy.deepcopy(ANSWER).format(name="food").replace("2026-11-01", "2030-01-01")
    bad = bad.replace("review_by: 2100-01-01", "review_by: 2027-01-01\nrelated: [culture.none, culture.food]")
    bad = bad.replace(
        "The answer on food.", "See cantho.gov.vn, call 0292 3 123 456 or 115; it will open by 2020."
    )
    (directory / "culture" / "food.yml").write_text(bad, encoding="utf-8")
    shutil.copy(ROOT / "content" / "replaced_laws.yml", directory)
    found = [*check(directory, TODAY), *check(ROOT / "content", TODAY + datetime.timedelta(days=400))]
    assert len(found) > 20
    others = [problem.message for problem in of_findings(found) if problem.key == "problem_other"]
    assert others == []
