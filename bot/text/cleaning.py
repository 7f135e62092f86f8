"""Text as people and editors type it, cleaned of what cannot be seen."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_SPACES = re.compile(r"\s+")

MARKS_MOST = 4
"""Combining marks in a row that are kept: Khmer, Thai and Vietnamese in decorative letters need no more;
what stacks them higher wants to spoil the lines above and below."""

_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}
_EMOJI_TO_COME = range(0x1F000, 0x1FB00)
"""Where Unicode puts emoji; to Python, newer ones than itself are "unassigned"."""
_JOINERS = "\u200c\u200d"
"""They are invisible, too, but scripts of South-East Asia and emoji of several parts need them."""


def clean(text: str) -> str:
    """Text in Unicode NFC as it was typed, without what cannot be seen, white space collapsed.

    Control, format, tag, unassigned and private characters go; so do bidirectional overrides. Marks and
    joiners stay, which scripts other than the Latin one and emoji need, at most MARKS_MOST of them in a row.
    """
    composed = unicodedata.normalize("NFC", text)
    spaced = (" " if c in "\t\n\r\v\f\x85\u2028\u2029" else c for c in composed)
    seen = "".join(c for c in spaced if _is_seen(c) or c in _JOINERS)
    return _SPACES.sub(" ", _with_marks_bounded(seen)).strip(" " + _JOINERS)


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE or ord(character) in _EMOJI_TO_COME


def _with_marks_bounded(text: str) -> str:
    kept: list[str] = []
    for is_mark, run in groupby(text, key=lambda c: c in _JOINERS or unicodedata.category(c).startswith("M")):
        characters = list(run)
        # A mark with nothing before it is drawn over whatever happens to stand there.
        kept += (characters[:MARKS_MOST] if kept and kept[-1] != " " else []) if is_mark else characters
    return "".join(kept)
