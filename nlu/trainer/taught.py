"""What the bot hands over to be taught, and where it is kept for Rasa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nlu.paths import EXPORT


@dataclass(frozen=True)
class Taught:
    """What content/ teaches: Rasa's training files, by name.

    override: why a model of it is served even if its validation speaks against it.
    withdrawn: ids of answers that were taken back.
    """

    files: dict[str, str]
    override: str | None = None
    withdrawn: frozenset[str] = frozenset()


def exported() -> dict[str, str]:
    """The files as they stand in EXPORT; empty if they were never written."""
    return {file.name: file.read_text(encoding="utf-8") for file in EXPORT.glob("*.yml")}


def export(files: Mapping[str, str]) -> None:
    """Put the files where Rasa reads them, and nothing else."""
    EXPORT.mkdir(parents=True, exist_ok=True)
    for old in EXPORT.glob("*.yml"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        path = EXPORT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            half = path.with_suffix(".part")
            half.write_text(text, encoding="utf-8")
            half.replace(path)
