"""Text as people and editors type it: cleaned, folded for comparison, personal numbers masked."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[\W_]+")

MARKS_MOST = 4
"""Combining marks in a row that are kept: Khmer, Thai and Vietnamese in decorative letters need no more;
what stacks them higher wants to spoil the lines above and below."""

_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}
_JOINERS = "\u200c\u200d"
"""They are invisible, too, but scripts of South-East Asia and emoji of several parts need them."""

MASK = "[…]"
"""What stands in place of a phone number, an identity number or an e-mail address."""

# Every sequence is bounded, so that no input makes matching slow.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_BETWEEN = r"[\s.()\[\]_·•*\-\u2010-\u2015\u2212\uff0d]{0,3}"
"""What people put between the digits of one number: blanks, points, brackets, dashes of every length."""
_NUMBER = re.compile(rf"(?<![\w/.,-])(?<!\d:)\(?\+?\d(?:{_BETWEEN}\d){{7,60}}(?![\w/]|[.,:]\d)")
_PHONE_WITH_SLASHES = re.compile(r"(?<![\w/.,-])0\d{2,3}[/,]\s?\d{3}[/,]\s?\d{3,4}(?![\w/])")
_PASSPORT = re.compile(r"(?<!\w)[A-Za-z] ?\d{7,8}(?!\w)")
_HELPLINE = re.compile(r"1[89]00\D{0,3}\d{4,6}|1[89]00\D{0,3}\d\D?\d{3}")
_DATE = re.compile(r"\d{1,2}[ .-]\d{1,2}[ .-]\d{4}|\d{4}[.-]\d{1,2}[.-]\d{1,2}")
_YEARS = re.compile(r"(?:19|20)\d\d(?:\D{1,3}(?:19|20)\d\d){1,4}")
_IN_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[. ]\d{3}){2,5}")
_ROUND = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){1,4}\.000")
_UNIT_AFTER = re.compile(
    r"\s?(?:đ|d|₫|\$|€|%|vn[dđ]|usd|eur|đồng|dong|đô|do la|triệu|trieu|tr|tỷ|tỉ|ty|m2|m²|ha|người|nguoi|"
    r"dollars?|people|euros?)(?!\w)",
    re.IGNORECASE,
)
_UNIT_BEFORE = re.compile(r"(?:\$|€|₫|usd|vn[dđ]|giá|gia|price)\s?$", re.IGNORECASE)


def clean(text: str) -> str:
    """Text in Unicode NFC as it was typed, without what cannot be seen, white space collapsed.

    Control, format, tag, unassigned and private characters go; so do bidirectional overrides. Marks and
    joiners stay, which scripts other than the Latin one and emoji need, at most MARKS_MOST of them in a row.
    """
    composed = unicodedata.normalize("NFC", text)
    spaced = (" " if c in "\t\n\r\v\f\x85\u2028\u2029" else c for c in composed)
    seen = "".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE or c in _JOINERS)
    return _SPACES.sub(" ", _with_marks_bounded(seen)).strip(" " + _JOINERS)


def _with_marks_bounded(text: str) -> str:
    kept: list[str] = []
    for is_mark, run in groupby(text, key=lambda c: c in _JOINERS or unicodedata.category(c).startswith("M")):
        characters = list(run)
        # A mark with nothing before it is drawn over whatever happens to stand there.
        kept += (characters[:MARKS_MOST] if kept and kept[-1] != " " else []) if is_mark else characters
    return "".join(kept)


def mask_personal(text: str) -> str:
    """The text with phone numbers, identity, passport and account numbers and e-mail addresses masked.

    Runs of 8 digits and more are taken for personal numbers, whatever stands between the digits, and so is a
    letter with 7 or 8 digits (a passport). Dates, years, amounts of money (with a unit, or round and with
    points), document numbers (202/2025/QH15) and helplines (1800 1096, and those of three to seven digits)
    stay.
    """
    text = _PASSPORT.sub(MASK, _EMAIL.sub(MASK, text))
    return _PHONE_WITH_SLASHES.sub(MASK, _NUMBER.sub(_masked, text))


def _masked(match: re.Match[str]) -> str:
    number = match.group()
    if any(form.fullmatch(number) for form in (_HELPLINE, _DATE, _YEARS, _ROUND)):
        return number
    if _IN_THOUSANDS.fullmatch(number) and (
        _UNIT_AFTER.match(match.string, match.end()) or _UNIT_BEFORE.search(match.string[: match.start()])
    ):
        return number
    return MASK


def fold(text: str) -> str:
    """Lower case without diacritics and without decoration ("Chợ nổi" -> "cho noi"), for comparing what
    people type."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn").casefold().replace("đ", "d")


def words(text: str) -> list[str]:
    """The folded words of a text, without punctuation."""
    return _NOT_WORD.sub(" ", fold(text)).split()
