"""Where an answer and its pictures are found on the bot's own address, below PUBLIC_URL."""

from __future__ import annotations

import hashlib

from bot.content.library import Library
from bot.content.schema import Answer
from bot.domain.language import Language

DESIGN = 1
"""Of the share images. Another number gives all of them another address, under which they are drawn anew."""

REVISION_LENGTH = 12
"""Hexadecimal digits of a revision."""


def page_path(answer_id: str, language: Language) -> str:
    """An answer's page: /vi/culture/food."""
    topic, _, name = answer_id.partition(".")
    return f"/{language}/{topic}/{name}"


def share_path(answer: Answer, language: Language, library: Library) -> str:
    """An answer's share image, with its revision: whoever keeps a preview by its address gets the new one."""
    return f"/share{page_path(answer.id, language)}/{revision(answer, language, library)}.png"


def media_path(name: str) -> str:
    """A picture of content/media/."""
    return f"/media/{name}"


def revision(answer: Answer, language: Language, library: Library) -> str:
    """A name for all that stands in a share image: another one once any of it has changed."""
    messages, text = library.messages, answer[language]
    parts = (
        answer.id,
        *(text.title, text.claim, text.answer),
        *(answer.verdict, answer.checked.isoformat(), library.status(answer)),
        messages.sharing.model_dump_json(),
        messages.verdicts.model_dump_json(),
        messages.labels.claim.model_dump_json(),
        messages.labels.checked.model_dump_json(),
        messages.page.title.model_dump_json(),
    )
    digest = hashlib.sha256(f"{DESIGN}\0".encode())
    for part in parts:
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:REVISION_LENGTH]
