"""Text as people and editors type it: cleaned, folded for comparison, personal numbers masked."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^\w]+")

# Every sequence is bounded, so that no input makes matching slow.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_NUMBER = re.compile(r"(?<![\w/.,-])\+?\d(?:[ .-]?\d){7,18}(?![\w/]|[.,]\d)")
_DATE_LIKE = re.compile(r"\d{1,2}[ .-]\d{1,2}[ .-]\d{4}|\d{4}[ .-]\d{4}|\d{4}-\d{2}-\d{2}")
_AMOUNT_LIKE = re.compile(r"\d{1,3}(?:[. ]\d{3}){2,5}")
MASK = "[…]"
"""What stands in place of a phone number, an identity number or an e-mail address."""


def clean(text: str) -> str:
    """Text in Unicode NFC without control, format and tag characters, white space collapsed.

    Format characters (category Cf) hold zero-width spaces, bidirectional overrides and the tag
    characters of U+E0000; none of them is visible. Unassigned and private ones go too.
    Stacked combining marks that NFC could not compose are dropped: no Vietnamese needs them.
    """
    composed = unicodedata.normalize("NFC", text)
    visible = (" " if c in "\t\n\r\v\f\x85\u2028\u2029" else c for c in composed)
    kept = "".join(c for c in visible if unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cn", "Cs", "Mn"})
    return _SPACES.sub(" ", kept).strip()


def mask_personal(text: str) -> str:
    """The text with phone numbers, identity and account numbers and e-mail addresses masked.

    Runs of 8 to 19 digits are taken for personal numbers, except dates and amounts of money;
    document numbers (202/2025/QH15) and the helplines of three to seven digits stay.
    """
    text = _EMAIL.sub(MASK, text)

    def masked(match: re.Match[str]) -> str:
        number = match.group()
        if _DATE_LIKE.fullmatch(number) or (_AMOUNT_LIKE.fullmatch(number) and not number.startswith("0")):
            return number
        return MASK

    return _NUMBER.sub(masked, text)


def fold(text: str) -> str:
    """Lower case without diacritics ("Chợ nổi" -> "cho noi"), for comparing what people type."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


def words(text: str) -> list[str]:
    """The folded words of a text, without punctuation."""
    return _NOT_WORD.sub(" ", fold(text)).split()
