"""Two versions of a text, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.content.fields import changed, flat

RunKind = Literal["equal", "removed", "added"]

_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class WordRun:
    """Words that both versions have, or one of them."""

    kind: RunKind
    text: str


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """A field in which two versions differ. All runs but the added ones are the left text, all but the
    removed ones the right."""

    path: str
    runs: tuple[WordRun, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions, named as in bot.desk.history."""

    left: str
    right: str
    fields: tuple[FieldComparison, ...]


def comparison(
    left: str, before: Mapping[str, object], right: str, after: Mapping[str, object]
) -> Comparison:
    """What differs between two values, field by field and word by word."""
    one, other = flat(before), flat(after)
    return Comparison(
        left,
        right,
        tuple(
            FieldComparison(path, runs(shown(one.get(path)), shown(other.get(path))))
            for path in changed(before, after)
        ),
    )


def runs(left: str, right: str) -> tuple[WordRun, ...]:
    """What stays, goes and comes from one text to another.

    Short words count as any other: what difflib takes for junk are most words of Vietnamese.
    """
    before, after = _WORD.findall(left), _WORD.findall(right)
    found: list[WordRun] = []
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            found.append(WordRun("equal", "".join(before[start:end])))
            continue
        if start < end:
            found.append(WordRun("removed", "".join(before[start:end])))
        if new_start < new_end:
            found.append(WordRun("added", "".join(after[new_start:new_end])))
    return tuple(found)


def shown(content: object) -> str:
    """What a field holds as text: a list with a line for each, a source as its facts."""
    if content is None:
        return ""
    if isinstance(content, list | tuple):
        return "\n".join(shown(item) for item in content)
    if isinstance(content, Mapping):
        return " · ".join(str(inner) for inner in content.values() if inner)
    return str(content)
