"""Where an answer and its pictures are found on the bot's own address, below PUBLIC_URL."""

from __future__ import annotations

from bot.domain.language import Language


def page_path(answer_id: str, language: Language) -> str:
    """An answer's page: /vi/culture/food."""
    topic, _, name = answer_id.partition(".")
    return f"/{language}/{topic}/{name}"
