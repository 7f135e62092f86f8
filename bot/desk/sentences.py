"""The bot's own sentences: both languages side by side, with the words that are filled in in each."""

from __future__ import annotations

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


def sentences(value: Mapping[str, object], live: Mapping[str, object]) -> tuple[Sentence, ...]:
    """The sentences of a value of `messages`, in the file's order; what is said in an emergency is not one
    of them."""
    fields, known = flat(value), flat(live)
    paths = dict.fromkeys(
        path.rpartition(".")[0] for path in [*known, *fields] if path.rpartition(".")[2] in set(Language)
    )
    return tuple(
        Sentence(
            path,
            str(fields.get(f"{path}.vi") or ""),
            str(fields.get(f"{path}.en") or ""),
            _placeholders(known, path),
        )
        for path in paths
        if path.partition(".")[0] not in {"notice", "paused"}
    )


def with_sentence(value: Mapping[str, object], path: str, vi: str, en: str) -> Value:
    """A value of `messages` with another wording of a sentence."""
    return nested({**flat(value), f"{path}.vi": vi, f"{path}.en": en})


def lost_placeholders(value: Mapping[str, object], live: Mapping[str, object]) -> Iterator[Problem]:
    """Where a word in braces is gone that the live sentence has: what was filled in there would be lost."""
    for sentence in sentences(value, live):
        for language, text in ((Language.VI, sentence.vi), (Language.EN, sentence.en)):
            before = str(flat(live).get(f"{sentence.path}.{language}") or "")
            gone = [one for one in _PLACEHOLDER.findall(before) if one not in text]
            if gone and text:
                words = ", ".join(dict.fromkeys(gone))
                yield Problem(
                    f"{sentence.path}.{language}", "sentence_lost_placeholder", f"{words} is missing here.",
                    (("placeholders", words),), is_error=False,
                )  # fmt: skip


def _placeholders(known: Mapping[str, object], path: str) -> tuple[str, ...]:
    texts = [str(known.get(f"{path}.{language}") or "") for language in Language]
    return tuple(dict.fromkeys(one for text in texts for one in _PLACEHOLDER.findall(text)))
