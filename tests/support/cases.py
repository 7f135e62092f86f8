"""Replies made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluation.ask import Asked, Reading, Said
from evaluation.read import Question


def asked(
    cards: Sequence[tuple[str, ...]] = (),
    reading: Reading | None = None,
    language: str | None = None,
    *,
    lang: str = "vi",
    style: str = "plain",
    **expected: Any,
) -> Asked:
    """A question and its reply. A card is its kind, and then its id, its action or its choices."""
    question = Question.model_validate({"q": "Món gì ngon?", "lang": lang, "style": style, **expected})
    return Asked.model_validate(
        {
            "question": question,
            "cards": [_said(*card) for card in cards],
            "language": language or lang,
            "reading": reading,
        }
    )


def _said(kind: str, *rest: str) -> Said:
    keys: dict[str, Any] = {"kind": kind}
    if kind in {"answer", "facet"}:
        keys["id"] = rest[0]
    elif kind == "choices":
        keys["ids"] = rest
    elif rest:
        keys["action"] = rest[0]
    return Said.model_validate(keys)


def reading(intent: str, confidence: float, answers: Sequence[str], *ranking: tuple[str, float]) -> Reading:
    """How a text was read."""
    return Reading(intent=intent, confidence=confidence, answers=tuple(answers), ranking=tuple(ranking))
