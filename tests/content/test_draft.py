"""`python -m bot new` writes a file that explains itself and is a draft as it is."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from bot.content.check import check
from bot.content.draft import write_draft
from bot.content.loading import load
from bot.content.schema import AnswerStatus
from bot.domain.answer import TOPICS
from bot.domain.errors import NotPossible

TODAY = datetime.date(2026, 11, 25)


@pytest.mark.parametrize("topic", TOPICS)
def test_it_loads_as_a_draft_without_an_error(content: Path, topic: str) -> None:
    write_draft(content, f"{topic}.first-one", TODAY)
    write_draft(content, f"{topic}.second-one", TODAY)
    loaded = load(content)
    library, findings = loaded.library, loaded.findings
    assert not findings
    assert library.answers[f"{topic}.first-one"].status is AnswerStatus.DRAFT
    assert not [finding for finding in check(content, TODAY) if finding.is_error]


def test_nothing_is_published_that_is_still_to_be_filled_in(content: Path) -> None:
    file = write_draft(content, "city.bridge", TODAY)
    text = file.read_text(encoding="utf-8").replace("status: draft", "status: published")
    file.write_text(text, encoding="utf-8")
    loaded = load(content)
    library, findings = loaded.library, loaded.findings
    assert library.published("city.bridge") is None
    assert [finding.key for finding in findings] == [
        "sources.0.title",
        "vi.title",
        "vi.answer",
        "vi.questions.0",
        "en.title",
        "en.answer",
        "en.questions.0",
    ]


@pytest.mark.parametrize(
    ("answer_id", "why"),
    [
        ("bridge", "bridge is no id"),
        ("city.Bridge", "city.Bridge is no id"),
        ("city.cầu", "city.cầu is no id"),
        ("city.a/../../x", "is no id"),
        ("towns.bridge", "There is no topic towns"),
        ("culture.food", "is there already"),
    ],
)
def test_a_bad_or_taken_id_is_refused(content: Path, answer_id: str, why: str) -> None:
    before = sorted(content.rglob("*"))
    with pytest.raises(NotPossible, match=why):
        write_draft(content, answer_id, TODAY)
    assert sorted(content.rglob("*")) == before
