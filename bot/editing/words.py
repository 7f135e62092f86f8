"""The words of the editors' pages, in both languages, from words.yml."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, for templates: `t("log_in")`."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """A phrase, with its {placeholders} filled in. Raises KeyError if there is no such phrase."""
        phrase = all_words()[key][self.language]
        return phrase.format(**values) if values else phrase

    def has(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in all_words()

    def field(self, path: str) -> str:
        """What a field is called: of `vi.facets.hours` "Hours (Vietnamese)"."""
        first, _, rest = path.partition(".")
        if first in set(Language) and rest:
            return f"{self._name(rest)} ({self(f'language_{first}')})"
        if self.has(f"group_{first}"):
            return self.sentence(path)
        if rest and self.field_of_office(rest) != rest:
            return f"{first}: {self.field_of_office(rest)}"
        return self._name(path)

    def field_of_office(self, path: str) -> str:
        """What a field of an office is called: of `vi.address` "Address (Vietnamese)"."""
        first, _, rest = path.partition(".")
        if first in set(Language) and rest:
            return f"{self._or_path(f'office_{rest}', rest)} ({self(f'language_{first}')})"
        return self._or_path("office_" + path.replace(".", "_"), path)

    def sentence(self, path: str) -> str:
        """Which of the bot's sentences it is: of `page.send.vi` "Web page: send (Vietnamese)"."""
        group, _, rest = path.partition(".")
        name, _, language = rest.rpartition(".")
        if language not in set(Language):
            name, language = rest, ""
        said = f"said_{group}_{name.replace('.', '_')}"
        title = f"{self._or_path(f'group_{group}', group)}: {self._or_path(said, name.replace('_', ' '))}"
        return f"{title} ({self(f'language_{language}')})" if language else title

    def _or_path(self, key: str, path: str) -> str:
        return self(key) if self.has(key) else path

    def _name(self, path: str) -> str:
        key = path.replace("facets.", "facet_").replace(".", "_")
        if self.has(f"field_{key}"):
            return self(f"field_{key}")
        return self(key) if self.has(key) else path
