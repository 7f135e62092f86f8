"""What models have pickled by this path."""

from __future__ import annotations

from nlu.text import forms


def fold(text: str) -> str:
    """As `nlu.text.forms.fold`. The models that are kept name it here, and so do new ones, which the code of
    before may have to read."""
    return forms.fold(text)
