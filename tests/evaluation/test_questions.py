"""Files of questions: what they may hold, and how a mistake in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.library import Library
from bot.content.loading import load
from bot.text.folding import words
from evaluation.questions import QuestionFileError, read
from evaluation.taught import examples, same_words, taught_in
from tests.support import ROOT

OURS = sorted((ROOT / "tests" / "nlu").glob("*.yml"))


def _file(directory: Path, text: str) -> Path:
    file = directory / "questions.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_question_without_id_and_action_must_not_be_answered(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        """
        - {q: a, lang: vi, style: plain, id: culture.food, also: [culture.music]}
        - {q: b, lang: en, style: typos, action: greet}
        - {q: c, lang: en, style: chat, near: true}
        """,
    )

    inside, talk, outside = read([file])

    assert inside.right == {"culture.food", "culture.music"}
    assert inside.topic == "culture"
    assert [one.is_out_of_scope for one in (inside, talk, outside)] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {q: a, lang: fr, style: plain}", "0.lang"),
        ("- {q: a, lang: vi, style: plain}\n- {q: a, lang: vi, style: plain, ids: x}", "1.ids"),
        ("- {q: [", "cannot be read"),
        ("q: a", "list"),
        ("[]", "no questions"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(QuestionFileError, match=told):
        read([_file(tmp_path, text)])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match="nowhere"):
        read([tmp_path / "nowhere.yml"])


@pytest.fixture(scope="module")
def library() -> Library:
    return load(ROOT / "content").library


def test_our_questions_name_answers_that_there_are(library: Library) -> None:
    questions = read(OURS)

    assert {id_ for one in questions for id_ in one.right if library.published(id_) is None} == set()


def test_our_questions_are_enough_and_of_every_style() -> None:
    questions = read(OURS)
    inside = [one for one in questions if one.id]

    assert len(inside) >= 600
    assert sum(one.is_out_of_scope for one in questions) >= 150
    assert {one.style for one in inside} >= {
        "plain", "no_diacritics", "chat", "typos", "mixed", "long", "keyword", "side", "slips", "story",
    }  # fmt: skip


@pytest.mark.slow
def test_no_question_of_ours_was_copied_into_training() -> None:
    taught = taught_in(ROOT)
    # What has a word or two anybody may write, and small talk is a matter of a few words.
    long_enough = [one for one in read(OURS) if not one.action and len(words(one.q)) >= 5]

    assert len(taught) > 1000
    assert [one.q for one in long_enough if same_words(one.q) in taught] == []


def test_examples_are_found_in_both_ways_of_listing_them() -> None:
    file = """
nlu:
- intent: a
  examples: |
    - một
    - hai: ba
- intent: b
  examples:
  - text: bốn
"""

    assert list(examples(file)) == ["một", "hai: ba", "bốn"]
    assert list(examples("rules: []")) == []
    assert same_words("Chợ nổi, ở ĐÂU?") == same_words("cho noi o dau")
