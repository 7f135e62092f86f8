"""The bot's own sentences: both languages side by side, with the words that are filled in in each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.content.fields import Value, flat, nested
from bot.desk.editing import Problem
from bot.domain.language import Language

_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages; path: without the language; placeholders: the words in braces that
    stand in the live one, in either language."""

    path: str
    vi: str
    en: str
    placeholders: tuple[str, ...]


def texts(value: Mapping[str, object]) -> dict[str, str]:
    """The texts of a value of `messages` by their paths. Of a list of sentences the texts of one language
    are one text, a line each."""
    found: dict[str, str] = {}
    for path, content in flat(value).items():
        if isinstance(content, list):
            for language in Language:
                lines = [str(one.get(language) or "") for one in content if isinstance(one, Mapping)]
                found[f"{path}.{language}"] = "\n".join(lines)
        else:
            found[path] = str(content)
    return found


def with_texts(value: Mapping[str, object], changed: Mapping[str, str]) -> Value:
    """A value of `messages` with other texts; what is no text of it is left out."""
    fields, known = flat(value), texts(value)
    kept = {path: text for path, text in changed.items() if path in known}
    for path, content in fields.items():
        if not isinstance(content, list):
            fields[path] = kept.get(path, content)
            continue
        sides = {
            language: kept.get(f"{path}.{language}", known[f"{path}.{language}"]).split("\n")
            for language in Language
        }
        fields[path] = [
            {str(language): line.strip() for language, line in zip(sides, lines, strict=True)}
            for lines in itertools.zip_longest(*sides.values(), fillvalue="")
            if any(line.strip() for line in lines)
        ]
    return nested(fields)


def sentences(value: Mapping[str, object], live: Mapping[str, object]) -> tuple[Sentence, ...]:
    """The sentences of a value of `messages`, in the file's order; what is said in an emergency is not one
    of them."""
    fields, known = texts(value), texts(live)
    paths = dict.fromkeys(
        path.rpartition(".")[0] for path in [*known, *fields] if path.rpartition(".")[2] in set(Language)
    )
    return tuple(
        Sentence(path, fields.get(f"{path}.vi", ""), fields.get(f"{path}.en", ""), _placeholders(known, path))
        for path in paths
        if path.partition(".")[0] not in {"notice", "paused"}
    )


def with_sentence(value: Mapping[str, object], path: str, vi: str, en: str) -> Value:
    """A value of `messages` with another wording of a sentence."""
    return with_texts(value, {f"{path}.vi": vi, f"{path}.en": en})


def lost_placeholders(value: Mapping[str, object], live: Mapping[str, object]) -> Iterator[Problem]:
    """Where a word in braces is gone that the live sentence has: what was filled in there would be lost."""
    known = texts(live)
    for sentence in sentences(value, live):
        for language, text in ((Language.VI, sentence.vi), (Language.EN, sentence.en)):
            before = known.get(f"{sentence.path}.{language}", "")
            gone = [one for one in _PLACEHOLDER.findall(before) if one not in text]
            if gone and text:
                words = ", ".join(dict.fromkeys(gone))
                yield Problem(
                    f"{sentence.path}.{language}", "sentence_lost_placeholder", f"{words} is missing here.",
                    (("placeholders", words),), is_error=False,
                )  # fmt: skip


def _placeholders(known: Mapping[str, object], path: str) -> tuple[str, ...]:
    both = [str(known.get(f"{path}.{language}") or "") for language in Language]
    return tuple(dict.fromkeys(one for text in both for one in _PLACEHOLDER.findall(text)))
