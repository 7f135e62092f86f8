"""What the bot was taught, to tell which questions are no proof of anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.content.loading import load
from bot.content.yaml_file import Loader
from bot.rasa.training_set import training_files
from bot.text.folding import words


def taught_in(project: Path) -> frozenset[str]:
    """The training examples of a project's directory, as `same_words` has them; none elsewhere.

    Raises:
        ContentError: content/ cannot be read.
    """
    content = project / "content"
    files = list(training_files(load(content).library).values()) if content.is_dir() else []
    files += [file.read_text(encoding="utf-8") for file in sorted((project / "nlu").glob("*.yml"))]
    return frozenset(same_words(text) for file in files for text in examples(file))


def same_words(text: str) -> str:
    """The words of a text, so that letters' case, diacritics and punctuation make no difference."""
    return " ".join(words(text))


def examples(file: str) -> Iterator[str]:
    """The examples in a file of Rasa's training data, in both ways that it may list them."""
    data: Any = yaml.load(file, Loader)  # noqa: S506 a safe one
    entries: Iterable[Any] = (data.get("nlu") or []) if isinstance(data, dict) else []
    for entry in entries:
        listed = entry.get("examples") or []
        if isinstance(listed, str):
            yield from (line.strip().removeprefix("- ") for line in listed.splitlines() if line.strip())
        else:
            yield from (one["text"].strip() for one in listed)
