"""Commands that a person types where the platform has no buttons at hand: /topics, /language en.

Each stands for a button, the same on every chat platform (bot.cards.actions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A typed command: `/name@bot parameter`, without the bot if none is named."""

    name: str
    bot: str | None
    parameter: str


def read_command(text: str) -> Command | None:
    """The command that a text is; None if it is none, whether or not we know its name."""
    found = _COMMAND.fullmatch(text.strip())
    return Command(found[1].lower(), found[2], (found[3] or "").strip()) if found else None
