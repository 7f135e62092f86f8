"""What people write is brought into the form that is learned from, whatever they write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.components.forms import DiacriticRestorer, Spelling, TypoCorrector, fold, sentences

TAUGHT = ["museum opening hours", "the museum ticket", "opening hours", "the ticket price", "market price"]


@pytest.fixture(scope="module")
def corrector() -> TypoCorrector:
    return TypoCorrector.learn(TAUGHT)


@pytest.mark.parametrize("slip", ["musuem", "musem", "musseum", "mudeum"])
def test_a_word_one_slip_away_from_a_taught_one_is_put_right(corrector: TypoCorrector, slip: str) -> None:
    assert corrector.correct(f"the {slip} ticket") == "the museum ticket"


@pytest.mark.parametrize(
    "text", ["the museum ticket", "marked", "nuseun", "hte", "chợ nổi", "2024", ""],
    ids=["taught", "near a word taught once", "two slips", "short", "Vietnamese", "a number", "empty"],
)  # fmt: skip
def test_other_words_stay_as_they_are(corrector: TypoCorrector, text: str) -> None:
    assert corrector.correct(text) == text


def test_a_stored_corrector_corrects_as_before(corrector: TypoCorrector) -> None:
    assert TypoCorrector(corrector.as_json()).correct("openning huors") == "opening hours"


def test_chat_spelling_is_written_out_longest_entry_first() -> None:
    spelling = Spelling({"k": "không", "k sao": "không sao"})

    assert spelling.write_out("K SAO đâu, biết k") == "không sao đâu biết không"


def test_letters_drawn_out_are_shortened() -> None:
    assert Spelling({}).write_out("chợ nổiiiii") == "chợ nổi"


def test_diacritics_are_put_back_where_they_were_taught() -> None:
    restorer = DiacriticRestorer.learn(["chợ nổi cái răng", "đi chợ nổi", "chợ nổi mấy giờ"])

    assert restorer.restore("cho noi may gio") == "chợ nổi mấy giờ"


def test_a_decomposed_text_has_the_forms_of_the_composed_one() -> None:
    text = "Chợ nổi Cái Răng ở đâu"

    decomposed = Spelling({}).write_out(unicodedata.normalize("NFD", text))

    assert decomposed == Spelling({}).write_out(text)
    assert fold(decomposed) == "cho noi cai rang o dau"


def test_of_a_long_message_the_last_sentences_are_kept() -> None:
    assert sentences("First a story. Then more of it. What is the fee?", 2) == [
        "Then more of it.",
        "What is the fee?",
    ]
    assert sentences("Only one question?", 2) == []


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    corrector, restorer = TypoCorrector.learn(TAUGHT), DiacriticRestorer.learn(["chợ nổi"])
    written = Spelling({"k": "không"}).write_out(text)

    assert corrector.correct(written).split() == corrector.correct(corrector.correct(written)).split()
    assert len(restorer.restore(written).split()) == len(written.split())
    assert all(unicodedata.category(letter) != "Mn" for letter in fold(text))
