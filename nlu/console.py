"""What the Rasa side tells whoever is watching."""

from __future__ import annotations


def say(line: str) -> None:
    """Print one line, at once."""
    print(f"rasa: {line}", flush=True)
