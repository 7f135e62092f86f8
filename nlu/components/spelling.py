"""Chat spelling, written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from nlu.text.forms import words

_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_MEANS_ITSELF = re.compile(r"\w*\d\w*|[ivxlcdm]+|www")
"""Words whose equal letters mean something: with digits in them, Roman numerals, addresses."""


class Spelling:
    """Chat spelling written out, by a table that editors extend (nlu/spelling.yml)."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = {tuple(words(short)): full for short, full in table.items()}
        self._longest = max((len(key) for key in self._table), default=0)

    def write_out(self, text: str) -> str:
        """The text, lower case, with each entry of the table replaced; longer entries first."""
        tokens = [_shortened(word) for word in words(text)]
        written: list[str] = []
        position = 0
        while position < len(tokens):
            for length in range(min(self._longest, len(tokens) - position), 0, -1):
                full = self._table.get(tuple(tokens[position : position + length]))
                if full is not None:
                    written.append(full)
                    position += length
                    break
            else:
                written.append(tokens[position])
                position += 1
        return " ".join(written)


@lru_cache(20_000)
def _shortened(word: str) -> str:
    """The word without letters that are drawn out: "nổiiii" -> "nổi"; numbers stay as they are."""
    return word if _MEANS_ITSELF.fullmatch(word) else _DRAWN_OUT.sub(r"\1", word)
