"""Letters that are drawn as others, which Unicode takes for no letters of the alphabet."""

from __future__ import annotations

import re
import unicodedata

_NAME = re.compile(
    r"LATIN LETTER SMALL CAPITAL ([A-Z])"
    r"|(?:NEGATIVE )?(?:CIRCLED|SQUARED) LATIN (?:SMALL|CAPITAL) LETTER ([A-Z])"
)
_BLOCKS = (range(0x0250, 0x02B0), range(0x1D00, 0x1D80), range(0xA700, 0xA800), range(0x1F130, 0x1F18A))


def _decorated() -> dict[int, str]:
    found = {}
    for character in (chr(ordinal) for block in _BLOCKS for ordinal in block):
        if match := _NAME.fullmatch(unicodedata.name(character, "")):
            found[ord(character)] = (match[1] or match[2]).lower()
    return found


DECORATED = _decorated()
"""Small capitals and letters in filled circles and boxes, for str.translate. Bold, italic and full-width
letters need no entry: compatibility forms (NFKC) know them."""
