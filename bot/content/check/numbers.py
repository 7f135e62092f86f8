"""The figures, dates and document numbers of a text, so that two languages can be compared."""

from __future__ import annotations

import re
from decimal import Decimal

_DOCUMENT = re.compile(r"\b\d+[\w-]*(?:/\d{4})?/[A-ZĐ][\w-]*|\b\d+-[A-ZĐ]{2,}/[A-ZĐ]+")
_LINK = re.compile(r"\]\([^)]*\)|https?://\S+|\b(?:[a-z][\w-]*\.)+[a-z]{2,}\b", re.IGNORECASE)
_VI = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|\d+(?:,\d+)?")
_EN = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
"""A number: thousands are set apart by dots in Vietnamese, by commas in English."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_NAMES = "|".join(_MONTHS)
_MONTH = re.compile(rf"\b(?:{_NAMES})\b(?! (?:I|you|we|they|a|the|my)\b)")  # "May I" is no month
_DAY_MONTH_EN = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_NAMES})(?:,? (?P<year>\d{{4}}))?\b"
)
_MONTH_DAY_EN = re.compile(
    rf"\b(?P<month>{_NAMES}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?\b(?! ?\d)"
)
_MONTH_YEAR_EN = re.compile(rf"\b(?P<month>{_NAMES}),?(?: of)? (?P<year>\d{{4}})\b")
_MONTH_YEAR_VI = re.compile(r"\b(?P<month>\d{1,2})(?: năm |/)(?P<year>(?:19|20)\d{2})\b(?!/)")
_DATE = re.compile(
    r"(?<![\d/])(?P<day>\d{1,2})(?:[/-]| tháng )(?P<month>\d{1,2})(?:(?:[/-]| năm )(?P<year>\d{4}))?(?![\d/])"
)
_TO_AFTERNOON = re.compile(
    r"\b(?P<from>\d{1,2})(?P<minutes>:\d{2})? ?(?P<dash>-|–|to) ?(?=(?P<to>\d{1,2})(?::\d{2})? ?p\.?m\b)",
    re.IGNORECASE,
)
_AFTERNOON_EN = re.compile(r"\b(\d{1,2})(?::(\d{2}))? ?p\.?m\b", re.IGNORECASE)
_AFTERNOON_VI = re.compile(r"\b(\d{1,2})(?: giờ|[hg:])(?: ?(\d{2}))? (?:chiều|tối)\b", re.IGNORECASE)
_FULL_HOUR = re.compile(r"(?<=\d)[hg:]00\b")
_PHONE = re.compile(
    r"(?<![\w.,/])(?:(?:\+\d{1,2}|0\d{1,3})(?:[ .]?\d{2,4}){2,4}"
    r"|1[89]00(?:[ .]\d{4}|(?:[ .]?\d{2,4}){2}))(?![\w/])"  # of all Việt Nam
)
_SQUARE = re.compile(r"(?<=m)[23]\b")  # m2, which the other language may write m²


def numbers_vi(text: str) -> set[str]:
    """The figures and document numbers of a Vietnamese text, written alike in both languages."""
    text = _AFTERNOON_VI.sub(_afternoon, text).replace("tháng Giêng", "tháng 1")
    return _numbers(text, _VI)


def numbers_en(text: str) -> set[str]:
    """The figures and document numbers of an English text, written alike in both languages."""
    text = _AFTERNOON_EN.sub(_afternoon, _TO_AFTERNOON.sub(_to_afternoon, text))
    text = _MONTH_DAY_EN.sub(_date_en, _DAY_MONTH_EN.sub(_date_en, text))
    text = _MONTH_YEAR_EN.sub(lambda m: f"{_number_of(m['month'])}/{m['year']}", text)
    return _numbers(_MONTH.sub(lambda month: str(_number_of(month.group())), text), _EN)


def differences(text_vi: str, text_en: str) -> tuple[list[str], list[str]]:
    """What stands in the Vietnamese text only, and what in the English one only.

    A date may be taken apart in one of them: "8/2025" is there as well where 8 and 2025 are.
    """
    in_vi, in_en = numbers_vi(text_vi), numbers_en(text_en)
    return missing(in_vi, in_en), missing(in_en, in_vi)


def missing(figures: set[str], others: set[str]) -> list[str]:
    """The figures that are not among the others, sorted; parts of dates count on both sides."""
    known = {part for figure in others for ways in _taken_apart(figure) for part in ways}
    return sorted(
        figure
        for figure in figures - others
        if figure not in known and not any(others.issuperset(ways) for ways in _taken_apart(figure))
    )


def _taken_apart(figure: str) -> list[list[str]]:
    """The ways in which a date may be written in parts; none if it is no date."""
    if not re.fullmatch(r"\d+(/\d+){1,2}", figure):
        return []
    first, *rest = figure.split("/")
    if len(rest) == 1:
        return [[first, *rest]]
    month, year = rest
    return [[first, month, year], [f"{first}/{month}", year], [first, f"{month}/{year}"]]


def _number_of(month: str) -> int:
    return _MONTHS.index(month) + 1


def _date_en(date: re.Match[str]) -> str:
    year = f"/{date['year']}" if date["year"] else ""
    return f"{date['day']}/{_number_of(date['month'])}{year}"


def _to_afternoon(time: re.Match[str]) -> str:
    """The first hour of "1:30 to 5 p.m." as an afternoon's, that of "11 to 2 p.m." as it is."""
    is_afternoon = int(time["from"]) < int(time["to"]) < 12
    hour = int(time["from"]) + 12 if is_afternoon else time["from"]
    return f"{hour}{time['minutes'] or ''} {time['dash']} "


def _afternoon(time: re.Match[str]) -> str:
    hour = int(time[1])
    return f"{hour + 12 if hour < 12 else hour}:{time[2] or '00'} "


def _numbers(text: str, number: re.Pattern[str]) -> set[str]:
    text = _LINK.sub(" ", text)
    found = set(_DOCUMENT.findall(text))
    text = _DOCUMENT.sub(" ", text)
    found |= {re.sub(r"[ .]", "", phone) for phone in _PHONE.findall(text)}
    text = _PHONE.sub(" ", text)
    for date in (_DATE, _MONTH_YEAR_VI):
        found |= {_date(match) for match in date.finditer(text) if _is_date(match)}
        text = date.sub(lambda match: " " if _is_date(match) else match.group(), text)
    text = _SQUARE.sub(" ", _FULL_HOUR.sub(" ", text))
    thousands, decimal = (".", ",") if number is _VI else (",", ".")
    figures = (figure.replace(thousands, "").replace(decimal, ".") for figure in number.findall(text))
    return found | {f"{Decimal(figure).normalize():f}" for figure in figures}


def _is_date(match: re.Match[str]) -> bool:
    """Whether it is a day and month, or a month and year: 24/7 and 1-30 are none."""
    day = match.groupdict().get("day")
    is_day = day is None or (1 <= int(day) <= 31 and (match["year"] is not None or "-" not in match.group()))
    return is_day and 1 <= int(match["month"]) <= 12


def _date(match: re.Match[str]) -> str:
    parts = match.groupdict()
    numbers = [str(int(parts[name])) for name in ("day", "month") if parts.get(name)]
    return "/".join([*numbers, *filter(None, [parts["year"]])])
