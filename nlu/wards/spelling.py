"""The syllables of a text, so that those of a name can be told from others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from nlu.text.forms import fold_word

_TOKEN = re.compile("(?:[^\\W\\d_][\u0300-\u036f]*)+|\\d+")
_Y_AS_I = re.compile(r"(?<=[bcdghklmnpqrstvx])y$")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}


@dataclass(frozen=True)
class Token:
    """A syllable or number of a text.

    start, end: where it stands. bare: lower case without diacritics, y as i where both are written.
    spelled: with them; the tone stands at its end, since "hòa" and "hoà" are one. written: as it is written.
    number: if it may be one, its digits; "IV" is "4". is_capital: how it begins.
    """

    start: int
    end: int
    bare: str
    spelled: str
    written: str
    number: str | None
    is_capital: bool

    @property
    def is_bare(self) -> bool:
        """Whether it has no diacritics, be it that they were left out."""
        return self.spelled == self.bare

    def is_like(self, name: Token) -> bool:
        """Whether it is the syllable of a name, with its diacritics or without any."""
        return self.bare == name.bare and (self.is_bare or self.spelled == name.spelled)


def tokens(text: str) -> list[Token]:
    """The syllables and numbers of a text, in order. A full stop, a slash, a hyphen parts them: "P.IV"."""
    return [_token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]


def _token(raw: str, start: int, end: int) -> Token:
    bare, spelled, written = _spelled(raw)
    number = bare.lstrip("0") or "0" if bare.isdigit() else _ROMAN.get(bare)
    return Token(start, end, bare, spelled, written, number, raw[:1].isupper())


@lru_cache(20_000)
def _spelled(raw: str) -> tuple[str, str, str]:
    lower = unicodedata.normalize("NFC", raw).lower()
    parts = unicodedata.normalize("NFD", lower)
    tone = "".join(c for c in parts if c in _TONES)
    letters = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES))
    return _Y_AS_I.sub("i", fold_word(lower)), _Y_AS_I.sub("i", letters) + tone, lower


def words_of(text: str) -> frozenset[str]:
    """The words of a list with blanks between them."""
    return frozenset(text.split())


def slips(said: Sequence[Token], name: Sequence[Token]) -> int:
    """How many letters or marks of a name are other than said; a syllable without any diacritics says
    nothing of them."""
    if len(said) == len(name):
        return sum(map(_slips, said, name))
    # A blank too many or too few
    return OSA.distance("".join(one.bare for one in said), "".join(other.bare for other in name))


def _slips(one: Token, other: Token) -> int:
    if one.is_bare:
        return OSA.distance(one.bare, other.bare)
    if len(other.bare) == 1 and one.spelled != other.spelled:
        return len(one.bare) + 1  # "Đông Phước ạ" is not Đông Phước A
    return min(OSA.distance(one.spelled, other.spelled), OSA.distance(one.written, other.written))
