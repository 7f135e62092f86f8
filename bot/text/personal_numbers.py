"""Personal numbers in what people type, masked before anything is kept: phone, identity, passport and account
numbers, and e-mail addresses."""

from __future__ import annotations

import re
import unicodedata

MASK = "[…]"
"""What stands in place of a phone number, an identity number or an e-mail address."""

# No two parts of a pattern that stand beside each other take the same characters, or both are short: no input
# makes matching slow.
_AT = r"\s{0,2}(?:[@\uff20\ufe6b]|[(\[{]\s?(?:at|a còng|a cong)\s?[)\]}]|\ba (?:còng|cong)\b)\s{0,2}"
_DOT = r"(?:\.|\s?[(\[{]\s?(?:dot|chấm|cham)\s?[)\]}]\s?| (?:chấm|cham) )"
_EMAIL = re.compile(
    rf"(?:\"[^\"@]{{1,64}}\"|(?<![\w.+-])[\w.+-]{{1,64}}){_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,9}}",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.-])(?:[\w-]{1,63}\.){1,5}[a-z]{2,12}/\S*", re.IGNORECASE)
_PHONE_IN_LINK = re.compile(r"(?<!\d)(?:0|84)\d{9}(?!\d)")

_DIGIT = f"[{''.join(c for c in map(chr, range(0x20000)) if unicodedata.digit(c, None) is not None)}]"
"""Of every script, and superscript or in circles."""
_RUN = re.compile(rf"[(+]{{0,2}}{_DIGIT}(?:(?:[\W_]{{0,5}}|[OoIl]){_DIGIT})*")
"""Digits with anything between them but words; a letter that is drawn like a digit may stand for one."""
_FROM_FIRST_TO_LAST = re.compile(r"[(+]{0,2}[^\W_](?:.*[^\W_])?")
_PERSONAL_LEAST = 8
"""Digits of a phone number with its area, an identity or an account number, at the least."""

_PASSPORT = re.compile(r"(?<!\w)(?:[A-Za-z][ .-]?\d(?:[ .-]?\d){6,7}|[A-Z]{2}\d{6,7})(?!\w)")
_HELPLINE = r"1[89]00\D{0,3}\d{4,6}|1[89]00\D{0,3}\d\D?\d{3}"
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATE = (
    rf"{_DAY}[/.-]{_MONTH}[/.-]{_YEAR}|{_DAY} {_MONTH} {_YEAR}|{_YEAR}[.-]{_MONTH}[.-]{_DAY}|{_DAY}/{_MONTH}"
)
_TIME = r"(?:[01]?\d|2[0-4]):[0-5]\d"
_DOCUMENT = rf"\d{{1,4}}/{_YEAR}"
_ROUND = r"[1-9]\d{0,2}(?:\.\d{3}){1,4}\.000"
_ONE_PUBLIC = rf"(?:{_DOCUMENT}|{_DATE}|{_TIME}|{_ROUND})"
_PUBLIC = re.compile(rf"(?<![^\s(]){_ONE_PUBLIC}(?:\s?[–-]\s?{_ONE_PUBLIC})?(?=[,;.)]?(?:\s|$))")
"""What stands for itself among other numbers: dates, times, document numbers, round amounts."""
_WHOLE = re.compile(
    rf"(?:{_HELPLINE}|{_YEAR}(?:\D{{1,3}}{_YEAR}){{1,4}}|1\d{{2,3}}(?:\D{{1,3}}1\d{{2,3}}){{1,9}})"
)
"""What may be long and is public: helplines, years, short emergency numbers one after the other."""
_AMOUNT = re.compile(r"[1-9]\d{0,2}(?:[. ]\d{3}){2,5}|[1-9]\d{4,14}000")
_UNIT_AFTER = re.compile(
    r"\s?(?:đ|₫|\$|€|%|vn[dđ]|usd|eur|đồng|dong|đô|do la|dollars?|euros?)(?!\w)(?! chí)", re.IGNORECASE
)
_UNIT_BEFORE = re.compile(r"(?:\$|€|₫|usd|vn[dđ]|giá|price)\s?$", re.IGNORECASE)


def mask_personal(text: str) -> str:
    """The text with phone numbers, identity, passport and account numbers and e-mail addresses masked.

    Eight digits and more, with anything between them but words, are taken for a personal number, and so is
    a letter with 7 or 8 digits (a passport). Dates, times, years, amounts of money (with a unit, or round and
    with points), document numbers (202/2025/QH15) and helplines stay; of a link, all but a phone number.
    """
    kept, position = [], 0
    for link in _LINK.finditer(text):
        kept += [_without_personal(text[position : link.start()]), _PHONE_IN_LINK.sub(MASK, link.group())]
        position = link.end()
    return "".join([*kept, _without_personal(text[position:])])


def _without_personal(text: str) -> str:
    return _RUN.sub(_masked, _PASSPORT.sub(MASK, _EMAIL.sub(MASK, text)))


def _masked(run: re.Match[str]) -> str:
    """A run of digits without the personal numbers in it."""
    number, text = run.group(), run.string
    if _digits(number) < _PERSONAL_LEAST or _WHOLE.fullmatch(number):
        return number
    parts, position = [], run.start()
    for public in _PUBLIC.finditer(number):
        parts.append((position, run.start() + public.start()))
        position = run.start() + public.end()
    parts = [part for part in [*parts, (position, run.end())] if not _is_amount(text, *part)]
    if sum(_digits(text[start:end]) for start, end in parts) < _PERSONAL_LEAST:
        return number
    for start, end in reversed(parts):
        masked = _FROM_FIRST_TO_LAST.sub(MASK, text[start:end])
        number = number[: start - run.start()] + masked + number[end - run.start() :]
    return number


def _is_amount(text: str, start: int, end: int) -> bool:
    return _AMOUNT.fullmatch(text[start:end].strip(" –-")) is not None and bool(
        _UNIT_AFTER.match(text, end) or _UNIT_BEFORE.search(text[:start])
    )


def _digits(text: str) -> int:
    return sum(unicodedata.digit(c, None) is not None for c in text)
