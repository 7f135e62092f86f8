"""Text folded for comparing what people type with what is known: case, diacritics and decoration count for
nothing."""

from __future__ import annotations

import re
import unicodedata

_NOT_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Lower case without diacritics and without decoration ("Chợ nổi" -> "cho noi"), for comparing what
    people type."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn").casefold().replace("đ", "d")


def words(text: str) -> list[str]:
    """The folded words of a text, without punctuation."""
    return _NOT_WORD.sub(" ", fold(text)).split()
