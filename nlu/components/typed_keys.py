"""Vietnamese with the keys of an input method left in it: "chowj noori", "cho75 no6i3"."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

ACUTE, GRAVE, HOOK, TILDE, DOT_BELOW = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
_TELEX_TONES = {"s": ACUTE, "f": GRAVE, "r": HOOK, "x": TILDE, "j": DOT_BELOW}
_VNI_TONES = {"1": ACUTE, "2": GRAVE, "3": HOOK, "4": TILDE, "5": DOT_BELOW}
_TONES = frozenset(_TELEX_TONES.values())
_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_VOWELS = frozenset("aeiouy")

_Letters = list[list[str]]
"""Of each letter of a word the bare letter and the mark of its shape, "" for none."""


def telex(word: str) -> str:
    """The word as Telex would have written it: "dduwowngf" -> "đường". Keys may stand anywhere behind the
    letter that they change."""
    return _typed(word, _TELEX_TONES, _telex_shape)


def vni(word: str) -> str:
    """The word as VNI would have written it: "d9u7o7ng2" -> "đường"."""
    return _typed(word, _VNI_TONES, _vni_shape)


def _typed(word: str, tones: dict[str, str], put_shape: Callable[[str, _Letters], bool]) -> str:
    letters, tone = _taken_apart(word)
    written: _Letters = []
    for bare, mark in letters:
        if not mark and bare in tones and any(vowel in _VOWELS for vowel, _ in written):
            tone = tones[bare]
        elif mark or not put_shape(bare, written):
            written.append([bare, mark])
    return _put_together(written, tone)


def _telex_shape(key: str, written: _Letters) -> bool:
    """Put on the shape that a key of Telex stands for; False if it stands for none here."""
    if key == "w":
        return _put_horn(written) or _mark_last(written, "a", _BREVE)
    if key == "d":
        return _put_bar(written)
    return key in "aeo" and _mark_last(written, key, _CIRCUMFLEX)


def _vni_shape(key: str, written: _Letters) -> bool:
    """As `_telex_shape`, of VNI."""
    match key:
        case "6":
            return any(_mark_last(written, vowel, _CIRCUMFLEX) for vowel in "aoe")
        case "7":
            return _put_horn(written)
        case "8":
            return _mark_last(written, "a", _BREVE)
        case "9":
            return _put_bar(written)
    return False


def spelling_of(syllable: str) -> tuple[str, str]:
    """The letters with their shapes, and the tone: the same wherever the tone stands ("hoà", "hòa")."""
    letters, tone = _taken_apart(syllable)
    return "".join(bare + mark for bare, mark in letters), tone


def _taken_apart(word: str) -> tuple[_Letters, str]:
    letters: _Letters = []
    tone = ""
    for character in unicodedata.normalize("NFD", word.replace("đ", "d-")):
        if character in _TONES:
            tone = character
        elif letters and character in {_CIRCUMFLEX, _BREVE, _HORN, "-"}:
            letters[-1][1] = character
        else:
            letters.append([character, ""])
    return letters, tone


def _put_bar(written: _Letters) -> bool:
    """Make đ of a d at the beginning; False if there is none."""
    if not written or written[0] != ["d", ""]:
        return False
    written[0][1] = "-"
    return True


def _mark_last(written: _Letters, vowel: str, mark: str) -> bool:
    """Put a mark on the last such vowel that has none; False if there is none."""
    for letter in reversed(written):
        if letter == [vowel, ""]:
            letter[1] = mark
            return True
    return False


def _put_horn(written: _Letters) -> bool:
    """Put a horn on the last o or u, and on both of "uo"; False if there is neither."""
    for number, letter in reversed(list(enumerate(written))):
        if letter == ["o", ""]:
            letter[1] = _HORN
            if number and written[number - 1] == ["u", ""] and (number < 2 or written[number - 2][0] != "q"):
                written[number - 1][1] = _HORN
            return True
        if letter == ["u", ""] and not (number and written[number - 1][0] == "q"):
            letter[1] = _HORN
            return True
    return False


def _put_together(written: _Letters, tone: str) -> str:
    at = _place_of_tone(written) if tone else None
    composed = ""
    for number, (bare, mark) in enumerate(written):
        composed += "đ" if mark == "-" else bare + mark + (tone if number == at else "")
    return unicodedata.normalize("NFC", composed)


def _place_of_tone(written: _Letters) -> int | None:
    """The vowel that carries the tone, as most people write it: the last marked one, else the one before a
    final consonant, else the first of two ("hòa") and the middle one of three ("ngoài")."""
    places = [number for number, (bare, _) in enumerate(written) if bare in _VOWELS]
    if len(places) > 1 and "".join(bare for bare, _ in written[:2]) in {"gi", "qu"}:
        places = places[1:]
    marked = [number for number in places if written[number][1]]
    if not places or marked:
        return marked[-1] if marked else None
    run = [number for number in places if number - places[0] == places.index(number)]
    if run[-1] + 1 < len(written) or len(run) == 3:
        return run[-1] if len(run) < 3 else run[1]
    return run[0] if len(run) > 1 else run[-1]
