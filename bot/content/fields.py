"""The fields of an answer: each a flat path into the value that its file has.

A value is what PyYAML makes of a file, with every date as text, so that a form, a draft and a file can be
compared field by field. `vi.facets.hours` is the field of value["vi"]["facets"]["hours"].
"""

from __future__ import annotations

import contextlib
import datetime
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from bot.domain.answer import Facet, Source
from bot.domain.language import Language

Value = dict[str, object]
"""An answer, an office or the like, as its file has it; dates as text."""

Flat = dict[str, object]
"""By the path of a field: a text, a list of texts, or a list of sources."""

_IN_LANGUAGE = ("title", "claim", "answer", "questions", *(f"facets.{facet}" for facet in Facet))

FIELDS: tuple[str, ...] = (
    "status", "publish_at", "withdraw_at", "withdrawn.date", "withdrawn.reason.vi", "withdrawn.reason.en",
    "supersedes", "office", "checked", "review_by", "sources", "related", "map",
    "media.file.vi", "media.file.en", "media.alt.vi", "media.alt.en", "media.credit", "media.licence",
    "media.clip", "verdict",
    "clarified.by.vi", "clarified.by.en", "clarified.date",
    "first_seen.url", "first_seen.date", "first_seen.who",
    "corrected.date", "corrected.what.vi", "corrected.what.en",
    *(f"{language}.{name}" for language in Language for name in _IN_LANGUAGE),
)  # fmt: skip
"""Every field of an answer, in the order in which files have them."""

LISTS = frozenset(name for name in FIELDS if name.split(".")[-1] in {"questions", "related", "supersedes"})
"""Fields that are lists of texts."""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NEVER_TYPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of characters: no file and no database takes them."""


def as_value(loaded: object) -> object:
    """What was loaded from YAML, with dates as an editor types them: 2026-11-28, 2026-12-01 08:00."""
    if isinstance(loaded, datetime.datetime):
        return loaded.isoformat(" ", "minutes" if loaded.second == 0 else "seconds")
    if isinstance(loaded, datetime.date):
        return loaded.isoformat()
    if isinstance(loaded, Mapping):
        return {str(key): as_value(inner) for key, inner in loaded.items()}
    if isinstance(loaded, list | tuple):
        return [as_value(inner) for inner in loaded]
    if loaded is None or isinstance(loaded, str):
        return loaded
    return str(loaded)


def typed(content: Any) -> Any:
    """What is read from the file that has this value: days as days, which the schema tells from texts."""
    if isinstance(content, Mapping):
        return {key: typed(inner) for key, inner in content.items()}
    if isinstance(content, list | tuple):
        return [typed(inner) for inner in content]
    if isinstance(content, str) and _DAY.fullmatch(content):
        with contextlib.suppress(ValueError):
            return datetime.date.fromisoformat(content)
    return content


def cleaned(content: object) -> object:
    """What a form sent, as it is kept: composed (NFC), lines ended by line feeds, no control characters."""
    if isinstance(content, str):
        composed = unicodedata.normalize("NFC", content.replace("\r\n", "\n").replace("\r", "\n"))
        return _NEVER_TYPED.sub("", composed)
    if isinstance(content, Mapping):
        return {str(cleaned(str(key))): cleaned(inner) for key, inner in content.items()}
    if isinstance(content, list | tuple):
        return [cleaned(inner) for inner in content]
    return content


def misfits(value: Mapping[str, object]) -> list[str]:
    """The paths of an answer's value that no field has, or that hold another kind of thing than theirs."""
    return [path for path, content in flat(value).items() if not _fits(path, content)]


def _fits(path: str, content: object) -> bool:
    if path not in FIELDS:
        return False
    if path in LISTS:
        return isinstance(content, list) and all(isinstance(item, str) for item in content)
    if path == "sources":
        return isinstance(content, list) and all(_is_source(item) for item in content)
    return isinstance(content, str)


def _is_source(item: object) -> bool:
    return isinstance(item, Mapping) and all(
        key in Source.model_fields and isinstance(inner, str) for key, inner in item.items()
    )


def flat(value: Mapping[str, object]) -> Flat:
    """The fields of a value. A key that no field has comes through with its own path."""
    return dict(_leaves(value, ()))


def nested(fields: Mapping[str, object]) -> Value:
    """The value that has these fields; empty ones (no text, nothing in the list) are left out."""
    value: Value = {}
    for path in sorted(fields, key=_place):
        content = fields[path]
        if content in (None, "", [], ()):
            continue
        *parents, name = path.split(".")
        inner = value
        for parent in parents:
            step = inner.setdefault(parent, {})
            if not isinstance(step, dict):
                raise ValueError(f"{path} lies within another field")
            inner = step
        inner[name] = content
    return value


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The paths of the fields in which two values differ, in the order of FIELDS.

    White space around a text does not count: the schema takes it away.
    """
    one, other = flat(before), flat(after)
    paths = sorted({*one, *other}, key=_place)
    return [path for path in paths if not is_same(one.get(path), other.get(path))]


def is_same(one: object, other: object) -> bool:
    """Whether two contents of a field say the same; white space around a text does not count."""
    return _bare(one) == _bare(other)


def _leaves(value: Mapping[str, object], above: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _leaves(inner, (*above, name))
        elif inner is not None:
            yield ".".join((*above, name)), inner


def _place(path: str) -> tuple[int, str]:
    return (FIELDS.index(path), path) if path in FIELDS else (len(FIELDS), path)


def _bare(content: object) -> object:
    if isinstance(content, str):
        return content.strip() or None
    if isinstance(content, list | tuple):
        return [_bare(inner) for inner in content] or None
    if isinstance(content, Mapping):
        return {name: bare for name, inner in content.items() if (bare := _bare(inner)) is not None}
    return content
