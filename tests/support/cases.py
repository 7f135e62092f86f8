"""Replies made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evaluation.ask import Exchange, Parse, ShownCard
from evaluation.questions import EvaluationQuestion


def asked(
    cards: Sequence[tuple[str, ...]] = (),
    parse: Parse | None = None,
    language: str | None = None,
    *,
    lang: str = "vi",
    style: str = "plain",
    **expected: Any,
) -> Exchange:
    """A question and its reply. A card is its kind, and then its id, its action or its choices."""
    question = EvaluationQuestion.model_validate(
        {"q": "Món gì ngon?", "lang": lang, "style": style, **expected}
    )
    return Exchange.model_validate(
        {
            "question": question,
            "cards": [_said(*card) for card in cards],
            "language": language or lang,
            "parse": parse,
        }
    )


def _said(kind: str, *rest: str) -> ShownCard:
    keys: dict[str, Any] = {"kind": kind}
    if kind in {"answer", "facet"}:
        keys["id"] = rest[0]
    elif kind == "choices":
        keys["ids"] = rest
    elif rest:
        keys["action"] = rest[0]
    return ShownCard.model_validate(keys)


def parse(intent: str, confidence: float, answers: Sequence[str], *ranking: tuple[str, float]) -> Parse:
    """How a text was parsed."""
    return Parse(intent=intent, confidence=confidence, answers=tuple(answers), ranking=tuple(ranking))
