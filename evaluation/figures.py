"""`python -m bot check --facts DIRECTORY`: whether each figure of the texts stands in the facts behind them.

The facts are kept outside the project: <topic>.yml with a record for each answer (`facts`, each with
its `basis`, and `sources`), and <topic>.md with a section for each answer, in which such records may
stand as well.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import yaml

from bot.content.check.numbers import missing, numbers_en, numbers_vi
from bot.content.check.wording import texts
from bot.content.loading import LoadedContent
from bot.content.schema import Answer, AnswerStatus
from bot.domain.answer import TOPICS
from bot.domain.language import Language

DOUBTFUL = ("uncertain", "outdated")
"""Bases of facts that are not to be published."""

_HEADING = re.compile(
    r"^#+ (?:\d+\. )?(?:[a-z]+\.)?(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)(?=[:\s]|$).*$", re.MULTILINE
)
_FACT = re.compile(r"^\s*- (?=text_)|^(?=sources:|```)", re.MULTILINE)
"""What begins a fact in a section, or ends the last one."""


class FigurePlace(StrEnum):
    """Where a figure stands, the best first."""

    OWN = "in the facts of its answer"
    DOUBTFUL = "in those that are uncertain or outdated"
    OTHER = "in those of other answers only"
    NOWHERE = "nowhere"


@dataclass
class Facts:
    """The figures of the facts by answer id; of those that are not to be published apart."""

    sure: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    doubtful: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def report(content: LoadedContent, directories: tuple[Path, ...]) -> Iterator[str]:
    """Lines for each figure that stands in no fact of its answer, and the shares at the end."""
    library, facts = content.library, _read(directories)
    everywhere = set().union(
        *facts.sure.values(), *(_figures(o.model_dump()) for o in library.offices.values())
    )
    count: Counter[FigurePlace] = Counter()
    for answer in library.answers.values():
        if answer.status is AnswerStatus.WITHDRAWN:
            continue
        for line, figure, place in _placed(answer, content, facts, everywhere):
            count[place] += 1
            if place is not FigurePlace.OWN:
                yield f"{line}: {figure} stands {place}"
    total = count.total() or 1
    yield ", ".join(f"{count[place]} ({count[place] / total:.1%}) {place}" for place in FigurePlace)


def _placed(
    answer: Answer, content: LoadedContent, facts: Facts, everywhere: set[str]
) -> Iterator[tuple[str, str, FigurePlace]]:
    checked = f"{answer.checked.day}/{answer.checked.month}/{answer.checked.year}"
    own = facts.sure[answer.id] | _figures(answer.office) | {checked}
    file = content.files[answer.id]
    for language in Language:
        read = numbers_vi if language is Language.VI else numbers_en
        for key, text in texts(answer, language):
            figures = _from_home(read(text))
            not_own = missing(figures, own)
            not_sure = missing(set(not_own), facts.doubtful[answer.id])
            nowhere = missing(set(not_sure), everywhere)
            where = (
                f"{file.path}:{file.line_of((language.value, *key))}: {language}.{'.'.join(map(str, key))}"
            )
            for figure in sorted(figures):
                place = FigurePlace.OWN
                if figure in nowhere:
                    place = FigurePlace.NOWHERE
                elif figure in not_sure:
                    place = FigurePlace.OTHER
                elif figure in not_own:
                    place = FigurePlace.DOUBTFUL
                yield where, figure, place


def _read(directories: tuple[Path, ...]) -> Facts:
    found = Facts()
    for directory in directories:
        for topic in TOPICS:
            records = directory / f"{topic}.yml"
            if records.is_file():
                for name, record in yaml.safe_load(records.read_text(encoding="utf-8")).items():
                    _add(record, f"{topic}.{name}", found)
            sections = directory / f"{topic}.md"
            if sections.is_file():
                _add_sections(sections.read_text(encoding="utf-8"), topic, found)
    return found


def _add(record: object, answer_id: str, found: Facts) -> None:
    rest = record
    if isinstance(record, Mapping):
        rest = {key: value for key, value in record.items() if key != "facts"}
        for fact in record.get("facts") or ():
            kind = found.doubtful if fact.get("basis") in DOUBTFUL else found.sure
            kind[answer_id] |= _figures(fact)
    found.sure[answer_id] |= _figures(rest)


def _add_sections(text: str, topic: str, found: Facts) -> None:
    headings = [*_HEADING.finditer(text)]
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=True):
        for part in _FACT.split(text[heading.start() : end]):
            is_doubtful = any(f"basis: {basis}" in part for basis in DOUBTFUL)
            kind = found.doubtful if is_doubtful else found.sure
            kind[f"{topic}.{heading['name']}"] |= _figures(part)


def _figures(value: object) -> set[str]:
    """All figures in a value, read in both languages."""
    if isinstance(value, Mapping):
        return set().union(*map(_figures, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(_figures, value))
    text = re.sub(r"\b(\d{4})-(\d\d)(?:-(\d\d))?\b", _day_first, str(value))
    return _from_home(numbers_vi(text) | numbers_en(text))


def _from_home(figures: set[str]) -> set[str]:
    """With phone numbers as they are dialled in Việt Nam."""
    return {f"0{figure.removeprefix('+84')}" if figure.startswith("+84") else figure for figure in figures}


def _day_first(day: re.Match[str]) -> str:
    return "/".join(part for part in (day[3], day[2], day[1]) if part)
