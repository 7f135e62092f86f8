"""Reads content/ over as a second reader would: what is not wrong YAML, yet wrong for people."""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from bot.content.library import Library, load
from bot.content.schema import Answer, Language, Status
from bot.content.yaml_file import ContentError, Finding, KeyPath
from bot.text import words

CARD_LIMIT = 1600
"""Characters of an answer: with title, sources and buttons it fits one card of 2,000 characters,
the smallest that a platform takes (Zalo's text message)."""

WORDS = range(60, 161)
QUESTIONS_LEAST = 12
RELATED = range(2, 5)
NEAR = 0.8
"""Share of common words from which two questions are nearly the same."""


def check(directory: Path, today: datetime.date) -> list[Finding]:
    """Everything an editor should mend in content/, errors and warnings, in the files' order."""
    try:
        library, findings = load(directory)
    except ContentError as error:
        return error.findings
    for answer in library.answers.values():
        findings += _answer_findings(library, answer, today)
    findings += _question_findings(library)
    return sorted(findings, key=lambda finding: (str(finding.file), finding.line))


def _answer_findings(library: Library, answer: Answer, today: datetime.date) -> Iterator[Finding]:
    file = library.files[answer.id]
    if answer.status is Status.PUBLISHED and answer.review_by < today:
        yield file.finding(("review_by",), "the facts are due to be checked again", is_error=False)
    if answer.checked > today:
        yield file.finding(("checked",), "lies in the future")
    if len(answer.related) not in RELATED:
        yield file.finding(("related",), "name two to four related answers", is_error=False)
    for language in Language:
        text = answer[language]
        key: KeyPath = (language.value, "answer")
        if len(text.answer) > CARD_LIMIT:
            problem = f"{len(text.answer)} characters do not fit one card; at most {CARD_LIMIT}"
            yield file.finding(key, problem)
        elif (count := len(text.answer.split())) not in WORDS:
            problem = f"{count} words; {WORDS.start} to {WORDS.stop - 1} read best"
            yield file.finding(key, problem, is_error=False)
        if len(text.questions) < QUESTIONS_LEAST:
            problem = f"{len(text.questions)} questions; the bot needs {QUESTIONS_LEAST} to learn from"
            yield file.finding((language.value, "questions"), problem, is_error=False)
    pairs: list[tuple[str, str, KeyPath]] = [
        (answer.vi.title, answer.en.title, ("title",)),
        (answer.vi.answer, answer.en.answer, ("answer",)),
    ]
    pairs += [(answer.vi.facets[f], answer.en.facets[f], ("facets", f.value)) for f in answer.vi.facets]
    for vietnamese, english, key in pairs:
        only_vi, only_en = (
            numbers_vi(vietnamese) - numbers_en(english),
            numbers_en(english) - numbers_vi(vietnamese),
        )
        if only_vi:
            yield file.finding(("en", *key), f"{_list(only_vi)} stands in Vietnamese, not here")
        if only_en:
            yield file.finding(("vi", *key), f"{_list(only_en)} stands in English, not here")


def _list(numbers: set[str]) -> str:
    return ", ".join(sorted(numbers))


_DOCUMENT = re.compile(r"\b\d+[\w-]*(?:/\d{4})?/[A-ZĐ][\w-]*|\b\d+-[A-ZĐ]{2,}/[A-ZĐ]+")
_LINK = re.compile(r"\]\([^)]*\)|https?://\S+|\b(?:[a-z][\w-]*\.)+[a-z]{2,}\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?![\d])")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b(?! (?:I|you|we|they|a|the|my)\b)")  # "May I" is no month
_AFTERNOON_EN = re.compile(r"\b(\d{1,2})(?::(\d{2}))? ?p\.?m\b", re.IGNORECASE)
_AFTERNOON_VI = re.compile(r"\b(\d{1,2})(?: giờ|[hg:])(?: ?(\d{2}))? (?:chiều|tối)\b", re.IGNORECASE)


def numbers_vi(text: str) -> set[str]:
    """The figures and document numbers of a Vietnamese text, written alike in both languages."""
    return _numbers(_AFTERNOON_VI.sub(_afternoon, text).replace("tháng Giêng", "tháng 1"))


def numbers_en(text: str) -> set[str]:
    """The figures and document numbers of an English text, written alike in both languages."""
    text = _AFTERNOON_EN.sub(_afternoon, text)
    return _numbers(_MONTH.sub(lambda month: str(_MONTHS.index(month.group()) + 1), text))


def _afternoon(time: re.Match[str]) -> str:
    hour = int(time[1])
    return f"{hour + 12 if hour < 12 else hour} {time[2] or ''} "


def _numbers(text: str) -> set[str]:
    documents = set(_DOCUMENT.findall(text))
    text = _LINK.sub(" ", _DOCUMENT.sub(" ", text))
    text = _THOUSANDS.sub(lambda number: re.sub(r"[.,]", "", number.group()), text)
    return documents | {
        f"{Decimal(number.replace(',', '.')).normalize():f}" for number in _NUMBER.findall(text)
    }


def _question_findings(library: Library) -> Iterator[Finding]:
    """Questions that stand under two answers, or nearly so, or twice under one.

    Near means that the word sets overlap by NEAR (Jaccard). Candidates are found by prefix
    filtering: with the words sorted from the rarest, two sets that overlap so much share one of
    their first few words (Chaudhuri et al., 2006), so most pairs are never compared.
    """
    questions = [
        (answer.id, (language.value, "questions", position), frozenset(words(question)))
        for answer in library.answers.values()
        for language in Language
        for position, question in enumerate(answer[language].questions)
    ]
    frequency = Counter(word for _, _, bag in questions for word in bag)
    by_word: dict[str, list[int]] = defaultdict(list)
    for index, (answer_id, key, bag) in enumerate(questions):
        rarest = sorted(bag, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(bag) - math.ceil(NEAR * len(bag)) + 1]
        candidates = {other for word in prefix for other in by_word[word]}
        for word in prefix:
            by_word[word].append(index)
        for other in sorted(candidates):
            other_id, other_key, other_bag = questions[other]
            if len(bag & other_bag) / len(bag | other_bag) < NEAR:
                continue
            file = library.files[answer_id]
            same = bag == other_bag
            if other_id == answer_id:
                if same and key[0] == other_key[0]:
                    line = file.line_of(other_key)
                    yield file.finding(key, f"is the same question as on line {line}", is_error=False)
            else:
                line = library.files[other_id].line_of(other_key)
                wording = "the same question" if same else "nearly the same question"
                yield file.finding(key, f"{wording} stands under {other_id} (line {line})", is_error=same)
            break
