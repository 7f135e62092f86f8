"""Files of questions: what they may hold, and how a mistake in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.library import Library, load
from bot.evaluation.read import QuestionsError, read
from tests.conftest import ROOT


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
    with pytest.raises(QuestionsError, match=told):
        read([_file(tmp_path, text)])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="nowhere"):
        read([tmp_path / "nowhere.yml"])


@pytest.fixture(scope="module")
def library() -> Library:
    return load(ROOT / "content")[0]


def test_our_questions_name_answers_that_there_are(library: Library) -> None:
    questions = read(sorted((ROOT / "tests" / "nlu").glob("*.yml")))

    assert {id_ for one in questions for id_ in one.right if library.published(id_) is None} == set()


def test_our_questions_are_enough_and_of_every_style() -> None:
    questions = read(sorted((ROOT / "tests" / "nlu").glob("*.yml")))
    inside = [one for one in questions if one.id]

    assert len(inside) >= 600
    assert sum(one.is_out_of_scope for one in questions) >= 150
    assert {one.style for one in inside} == {
        "plain", "no_diacritics", "chat", "typos", "mixed", "long", "keyword",
    }  # fmt: skip


def test_no_question_of_ours_was_copied_into_training(library: Library) -> None:
    from bot.rasa.export import training_files
    from bot.text import words

    taught = {
        " ".join(words(line.strip().removeprefix("- ").strip("'\"")))
        for text in [
            *training_files(library).values(),
            *(file.read_text(encoding="utf-8") for file in (ROOT / "nlu").glob("*.yml")),
        ]
        for line in text.splitlines()
    }
    # A word or two, as "chào" or "visa exemption", anybody would write.
    questions = [one for one in read(sorted((ROOT / "tests" / "nlu").glob("*.yml"))) if len(words(one.q)) > 4]

    assert [one.q for one in questions if " ".join(words(one.q)) in taught] == []
