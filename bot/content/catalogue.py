"""content/catalogue.yml: every id that was ever published, so that none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from bot.content.fields import as_value
from bot.content.library import Library
from bot.content.writing import NotWritable, edit
from bot.content.yaml_file import ContentError, Finding, read_yaml, value_in
from bot.domain.answer import Text

_Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
_CATALOGUE = TypeAdapter(dict[str, dict[_Name, Text]])
"""What each answer is on, by topic and name."""


def lost(path: Path, library: Library) -> Iterator[Finding]:
    """The ids that people may still have a link to and that lead nowhere; what is wrong with the file."""
    try:
        file = read_yaml(path)
    except FileNotFoundError:
        return
    except ContentError as error:
        yield from error.findings
        return
    try:
        catalogue = _CATALOGUE.validate_python(file.value or {})
    except ValidationError as error:
        yield from file.invalid(error.errors()).findings
        return
    for topic, names in catalogue.items():
        for name in names:
            answer_id = f"{topic}.{name}"
            if answer_id not in library.answers and not library.tells_of(answer_id):
                problem = (
                    f"{answer_id} was published, and links lead to it: put its file back with "
                    "`status: withdrawn`, or name it under `supersedes:` of the answer in its place"
                )
                yield file.finding((topic, name), problem)


def with_entry(text: str, answer_id: str, about: str) -> str:
    """The text of catalogue.yml with an id in it, in its place by the alphabet.

    about: a few English words on what the answer is on.
    """
    value = as_value(value_in(text) or {})
    if not isinstance(value, dict):
        raise NotWritable("catalogue.yml is no list of keys")
    topic, _, name = answer_id.partition(".")
    names = value.setdefault(topic, {})
    if name in names:
        return text
    value[topic] = dict(sorted([*names.items(), (name, about)]))
    return edit(text, value)


def published_ids(path: Path) -> set[str]:
    """Every id that the catalogue has; none of one that cannot be read, which the check says."""
    try:
        catalogue = _CATALOGUE.validate_python(read_yaml(path).value or {})
    except (FileNotFoundError, ContentError, ValidationError):
        return set()
    return {f"{topic}.{name}" for topic, names in catalogue.items() for name in names}
