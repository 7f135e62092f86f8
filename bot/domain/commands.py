"""Commands that a person types where the platform has no buttons at hand: /topics, /language en.

Each stands for a button. They are the same on every chat platform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain import payload
from bot.domain.language import Language

COMMANDS = {
    name: payload.for_saying(name)
    for name in ("forget", "help", "privacy", "subscribe", "topics", "unsubscribe")
}
"""Commands that are one button each. /start and /language take a parameter."""

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


def button_for(command: Command) -> str | None:
    """The payload that a command stands for; None for one that means nothing to us.

    /start stands for a greeting; what a channel's own links put behind it, the channel reads.
    """
    match command.name:
        case "start":
            return payload.for_saying("greet")
        case "language" if command.parameter.lower() in set(Language):
            return payload.for_language(Language(command.parameter.lower()))
        case "language":
            return payload.for_saying("which_language")
    return COMMANDS.get(command.name)
