"""How to reach an office."""

from __future__ import annotations

from bot.content.library import Library
from bot.content.schema import Office
from bot.domain.language import Language

RECEPTION = "citizens-reception-board"
"""The office that takes what belongs to no other, as content/offices.yml names it."""


def contact(office: Office, language: Language, library: Library) -> str | None:
    """The office's name and how to reach it, or None if nothing but the name is known."""
    labels = library.messages.labels
    ways = [
        (labels.address, office[language].address),
        (labels.phone, office.phone),
        (labels.website, office.website),
    ]
    known = [f"- {label[language]}: {value}" for label, value in ways if value]
    return "\n".join([f"**{office[language].name}**", "", *known]) if known else None


def staff_contact(office: str | None, language: Language, library: Library) -> str | None:
    """How to reach the office of this name, else the one that takes everything; None if neither is known."""
    for name in (office, RECEPTION):
        found = library.offices.get(name or "")
        if found and (ways := contact(found, language, library)):
            return ways
    return None
