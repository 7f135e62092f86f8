"""The figures, dates and document numbers of a text, so that two languages can be compared."""

from __future__ import annotations

import re
from decimal import Decimal

_DOCUMENT = re.compile(r"\b\d+[\w-]*(?:/\d{4})?/[A-ZĐ][\w-]*|\b\d+-[A-ZĐ]{2,}/[A-ZĐ]+")
_LINK = re.compile(r"\]\([^)]*\)|https?://\S+|\b(?:[a-z][\w-]*\.)+[a-z]{2,}\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?![\d])")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_NAMES = "|".join(_MONTHS)
_MONTH = re.compile(rf"\b(?:{_NAMES})\b(?! (?:I|you|we|they|a|the|my)\b)")  # "May I" is no month
_DATES_EN = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_NAMES}),? (?P<year>\d{{4}})\b"),
    re.compile(rf"\b(?P<month>{_NAMES}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b"),
)
_DATE = re.compile(
    r"(?<![\d/])(?P<day>\d{1,2})(?:[/-]| tháng )(?P<month>\d{1,2})(?:[/-]| năm )(?P<year>\d{4})(?![\d/])"
)
_TO_AFTERNOON = re.compile(
    r"\b(?P<from>\d{1,2})(?P<minutes>:\d{2})? ?(?P<dash>-|–|to) ?(?=(?P<to>\d{1,2})(?::\d{2})? ?p\.?m\b)",
    re.IGNORECASE,
)
_AFTERNOON_EN = re.compile(r"\b(\d{1,2})(?::(\d{2}))? ?p\.?m\b", re.IGNORECASE)
_AFTERNOON_VI = re.compile(r"\b(\d{1,2})(?: giờ|[hg:])(?: ?(\d{2}))? (?:chiều|tối)\b", re.IGNORECASE)
_FULL_HOUR = re.compile(r"(?<=\d)[hg:]00\b")
_PHONE = re.compile(r"(?<![\w.,/])(?:\+\d{1,2}|0\d{1,3})(?:[ .]?\d{2,4}){2,4}(?![\w/])")
_SQUARE = re.compile(r"(?<=m)[23]\b")  # m2, which the other language may write m²


def numbers_vi(text: str) -> set[str]:
    """The figures and document numbers of a Vietnamese text, written alike in both languages."""
    return _numbers(_AFTERNOON_VI.sub(_afternoon, text).replace("tháng Giêng", "tháng 1"))


def numbers_en(text: str) -> set[str]:
    """The figures and document numbers of an English text, written alike in both languages."""
    text = _AFTERNOON_EN.sub(_afternoon, _TO_AFTERNOON.sub(_to_afternoon, text))
    for date in _DATES_EN:
        text = date.sub(lambda d: f"{d['day']}/{_MONTHS.index(d['month']) + 1}/{d['year']}", text)
    return _numbers(_MONTH.sub(lambda month: str(_MONTHS.index(month.group()) + 1), text))


def _to_afternoon(time: re.Match[str]) -> str:
    """The first hour of "1:30 to 5 p.m." as an afternoon's, that of "11 to 2 p.m." as it is."""
    is_afternoon = int(time["from"]) < int(time["to"]) < 12
    hour = int(time["from"]) + 12 if is_afternoon else time["from"]
    return f"{hour}{time['minutes'] or ''} {time['dash']} "


def _afternoon(time: re.Match[str]) -> str:
    hour = int(time[1])
    return f"{hour + 12 if hour < 12 else hour}:{time[2] or '00'} "


def _numbers(text: str) -> set[str]:
    text = _LINK.sub(" ", text)
    documents = set(_DOCUMENT.findall(text))
    text = _DOCUMENT.sub(" ", text)
    dates = {f"{int(d['day'])}/{int(d['month'])}/{d['year']}" for d in _DATE.finditer(text)}
    text = _DATE.sub(" ", text)
    phones = {re.sub(r"[ .]", "", phone) for phone in _PHONE.findall(text)}
    text = _SQUARE.sub(" ", _FULL_HOUR.sub(" ", _PHONE.sub(" ", text)))
    text = _THOUSANDS.sub(lambda number: re.sub(r"[.,]", "", number.group()), text)
    figures = {f"{Decimal(number.replace(',', '.')).normalize():f}" for number in _NUMBER.findall(text)}
    return documents | dates | phones | figures
