"""The words of the editors' pages, in both languages, from words.yml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bot.domain.language import Language

FILE = Path(__file__).parent / "words.yml"


@cache
def all_words() -> dict[str, dict[str, str]]:
    """Every phrase by its key, each with `vi` and `en`."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def say(key: str, language: Language, **values: object) -> str:
    """A phrase in a language, with its {placeholders} filled in.

    Raises:
        KeyError: there is no such phrase.
    """
    phrase = all_words()[key][language]
    return phrase.format(**values) if values else phrase
