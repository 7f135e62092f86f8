"""What people write is brought into the form that is learned from, whatever they write."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.components.diacritics import DiacriticRestorer
from nlu.components.signs import signs, spoken, without_emoticons
from nlu.components.spelling import Spelling
from nlu.components.typos import TypoCorrector
from nlu.text.forms import fold, sentences
from tests.support.components import restorer_limits, typo_limits

TAUGHT = ["museum opening hours", "the museum ticket", "opening hours", "the ticket price", "market price"]


@pytest.fixture(scope="module")
def corrector() -> TypoCorrector:
    return TypoCorrector.learn(TAUGHT, typo_limits())


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
    assert TypoCorrector(corrector.as_json(), typo_limits()).correct("openning huors") == "opening hours"


def test_chat_spelling_is_written_out_longest_entry_first() -> None:
    spelling = Spelling({"k": "không", "k sao": "không sao"})

    assert spelling.write_out("K SAO đâu, biết k") == "không sao đâu biết không"


def test_letters_drawn_out_are_shortened() -> None:
    assert Spelling({}).write_out("chợ nổiiiii") == "chợ nổi"


@pytest.mark.parametrize(
    "text", ["số 111 là số gì", "5000 usd", "năm 2000", "100 000 000 đồng", "www abc vn", "phường iii"]
)
def test_digits_numerals_and_addresses_are_no_drawn_out_letters(text: str) -> None:
    assert Spelling({}).write_out(text) == text


@pytest.mark.parametrize(
    "decorated",
    ["𝗖𝗵𝗼̛̣ 𝗻𝗼̂̉𝗶 𝟭𝟭𝟭", "Ｃｈợ　ｎổｉ　１１１", "chợ_nổi_111", "ᴄʜợ ɴổɪ 111", "🅲🅷ợ nổi 111", "C̶h̶ợ̶ nổi 111"],
)
def test_decorative_letters_are_the_letters_they_show(decorated: str) -> None:
    assert Spelling({}).write_out(decorated) == "chợ nổi 111"


@pytest.mark.parametrize(
    ("text", "found"),
    [("👍", ["👍"]), ("❤️", ["❤"]), ("=))", ["=))"]), (":-((", [":-(("]), ("T_T 😭", ["T_T", "😭"]),
     ("???", ["?"] * 3), ("ok 👍", []), ("8h :)", []), ("http://bit.ly/3xYz", []), ("[…]", []), ("", [])],
)  # fmt: skip
def test_signs_are_told_where_a_text_has_no_word(text: str, found: list[str]) -> None:
    assert signs(text) == found


def test_emoticons_and_addresses_are_words_of_no_language() -> None:
    assert without_emoticons("giá vé :D <3").split() == ["giá", "vé"]
    assert spoken(
        "xem https://evil.example/win và gửi a.b@c.vn :v [...]".replace("[...]", "[…]")
    ).split() == ["xem", "và", "gửi"]


def test_diacritics_are_put_back_where_they_were_taught() -> None:
    restorer = DiacriticRestorer.learn(
        ["chợ nổi cái răng", "đi chợ nổi", "chợ nổi mấy giờ"], restorer_limits()
    )

    assert restorer.restore("cho noi may gio") == "chợ nổi mấy giờ"


def test_a_decomposed_text_has_the_forms_of_the_composed_one() -> None:
    text = "Chợ nổi Cái Răng ở đâu"

    decomposed = Spelling({}).write_out(unicodedata.normalize("NFD", text))

    assert decomposed == Spelling({}).write_out(text)
    assert fold(decomposed) == "cho noi cai rang o dau"


def test_of_a_long_message_the_sentences_that_ask_are_read_with_what_they_ask_about() -> None:
    story = "First a story. Then more of it. What is the fee? And who is paid?"

    assert sentences(story, 2) == ["Then more of it. What is the fee?", "And who is paid?"]


def test_where_nothing_is_asked_the_last_sentences_are_read() -> None:
    assert sentences("First a story. Then more of it. That is it.", 2) == ["Then more of it.", "That is it."]
    assert sentences("Only one question?", 2) == []


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    corrector, restorer = (
        TypoCorrector.learn(TAUGHT, typo_limits()),
        DiacriticRestorer.learn(["chợ nổi"], restorer_limits()),
    )
    written = Spelling({"k": "không"}).write_out(text)

    assert corrector.correct(written).split() == corrector.correct(corrector.correct(written)).split()
    assert len(restorer.restore(written).split()) == len(written.split())
    assert all(unicodedata.category(letter) != "Mn" for letter in fold(text))
