"""Damage done to questions as fingers do it, to see how much of it is borne. Training knows none of it.

Each kind takes a text and a random generator and damages one place of it, or gives it back as it is.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence

from evaluation.questions import EvaluationQuestion

SAMPLE, SLIPS_MOST = 20, 3

Slip = Callable[[str, random.Random], str]

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: [
        other
        for near in _ROWS[max(0, row - 1) : row + 2]
        for at, other in enumerate(near)
        if other != letter and abs(at - place) <= 1
    ]
    for row, letters in enumerate(_ROWS)
    for place, letter in enumerate(letters)
}
_TELEX = {"\u0301": "s", "\u0300": "f", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_VNI = {"\u0301": "1", "\u0300": "2", "\u0309": "3", "\u0303": "4", "\u0323": "5"}
_SHAPES = {"\u0302": ("", "6"), "\u0306": ("w", "8"), "\u031b": ("w", "7")}
_SOUTHERN = (("v", "d"), ("gi", "d"), ("qu", "w"), ("tr", "ch"), ("s", "x"), ("nh", "n"))


def damaged(questions: Sequence[EvaluationQuestion]) -> list[EvaluationQuestion]:
    """Plain questions that have an answer, SAMPLE of each language, with one to three slips of each kind;
    their style says which. The same ones each time."""
    chance = random.Random(19)  # noqa: S311 nothing secret
    found: list[EvaluationQuestion] = []
    for language, kinds in SLIPS.items():
        plain = [one for one in questions if one.id and one.style == "plain" and one.lang == language]
        for question in plain[:: max(1, len(plain) // SAMPLE)][:SAMPLE]:
            for kind, slip in kinds.items():
                text = question.q
                for times in range(1, SLIPS_MOST + 1):
                    text = slip(text, chance)
                    style = f"{language}, {kind}, {times} x"
                    found.append(question.model_copy(update={"q": text, "style": style}))
    return found


def with_telex_keys(word: str) -> str:
    """The word as its Telex keys, the tone behind it."""
    return _keys(word, _TELEX, lambda letter, mark: letter if mark == "\u0302" else _SHAPES[mark][0], "d")


def with_vni_keys(word: str) -> str:
    """The word as its VNI keys, the tone behind it."""
    return _keys(word, _VNI, lambda _letter, mark: _SHAPES[mark][1], "9")


def _keys(word: str, tones: dict[str, str], shape: Callable[[str, str], str], bar: str) -> str:
    written, tone, letter = "", "", ""
    for character in unicodedata.normalize("NFD", word):
        if character in tones:
            tone = tones[character]
        elif character in _SHAPES:
            written += shape(letter, character)
        elif character == "đ":
            written += "d" + bar
        else:
            written, letter = written + character, character
    return written + tone


def neighbour_key(text: str, chance: random.Random) -> str:
    """A letter of a word becomes the one beside it on the keyboard."""
    return _in_a_word(text, chance, lambda word, at: word[:at] + _near(word[at], chance) + word[at + 1 :])


def swapped_letters(text: str, chance: random.Random) -> str:
    """Two letters of a word stand the wrong way round."""
    return _in_a_word(
        text, chance, lambda word, at: word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    )


def lost_letter(text: str, chance: random.Random) -> str:
    """A letter of a word is missing."""
    return _in_a_word(text, chance, lambda word, at: word[:at] + word[at + 1 :])


def joined_words(text: str, chance: random.Random) -> str:
    """The space between two words is missing."""
    spaces = [match.start() for match in re.finditer(r"(?<=\w) (?=\w)", text)]
    if not spaces:
        return text
    at = chance.choice(spaces)
    return text[:at] + text[at + 1 :]


def split_word(text: str, chance: random.Random) -> str:
    """A word has a space in it."""
    return _in_a_word(text, chance, lambda word, at: word[:at] + " " + word[at:])


def telex_keys(text: str, chance: random.Random) -> str:
    """A third of the words with diacritics are typed as Telex keys."""
    return _in_some_words(text, chance, with_telex_keys)


def vni_keys(text: str, chance: random.Random) -> str:
    """A third of the words with diacritics are typed as VNI keys."""
    return _in_some_words(text, chance, with_vni_keys)


def lost_tone(text: str, chance: random.Random) -> str:
    """A syllable keeps the shapes of its letters and loses its tone."""
    marked = [match for match in re.finditer(r"\w+", text) if _without_tone(match[0]) != match[0]]
    if not marked:
        return text
    word = chance.choice(marked)
    return text[: word.start()] + _without_tone(word[0]) + text[word.end() :]


def southern_sound(text: str, chance: random.Random) -> str:
    """A syllable is written as it sounds in the south: "vui" becomes "dui"."""
    found = [
        (match, new)
        for old, new in _SOUTHERN
        for match in re.finditer(rf"\b{old}(?=\w)", text, re.IGNORECASE)
    ]
    if not found:
        return text
    match, new = chance.choice(found)
    return text[: match.start()] + new + text[match.end() :]


SLIPS: dict[str, dict[str, Slip]] = {
    "en": {
        "neighbour key": neighbour_key,
        "swapped letters": swapped_letters,
        "lost letter": lost_letter,
        "joined words": joined_words,
        "split word": split_word,
    },
    "vi": {
        "telex keys": telex_keys,
        "vni keys": vni_keys,
        "lost tone": lost_tone,
        "southern sound": southern_sound,
        "joined words": joined_words,
        "neighbour key": neighbour_key,
    },
}
"""The kinds of damage, by language."""


def _without_tone(word: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", word) if c not in _TELEX)
    return unicodedata.normalize("NFC", bare)


def _near(letter: str, chance: random.Random) -> str:
    return chance.choice(_NEIGHBOURS.get(letter.lower(), [letter]))


def _in_some_words(text: str, chance: random.Random, damage: Callable[[str], str]) -> str:
    return re.sub(r"\w+", lambda match: damage(match[0]) if chance.random() < 1 / 3 else match[0], text)


def _in_a_word(text: str, chance: random.Random, damage: Callable[[str, int], str]) -> str:
    """Damage one word of four letters or more, behind its first one."""
    long = list(re.finditer(r"[^\W\d_]{4,}", text))
    if not long:
        return text
    word = chance.choice(long)
    at = chance.randrange(1, len(word[0]))
    return text[: word.start()] + damage(word[0], at) + text[word.end() :]
