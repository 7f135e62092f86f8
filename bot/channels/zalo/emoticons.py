"""Zalo's own codes for the emoji of its keyboard, and the emoji that they show.

Codes from the open source of zca-js (`Reactions`), which speaks the protocol of Zalo's own apps. That the
events of an Official Account carry them in a text is not documented.
"""

from __future__ import annotations

import re

EMOJI = {
    "/-heart": "❤️", "/-strong": "👍", ":>": "😆", ":o": "😮", ":-((": "😭", ":-h": "😡", ":-*": "😘",
    ":')": "😂", "/-shit": "💩", "/-rose": "🌹", "/-break": "💔", "/-weak": "👎", ";xx": "😍", ";-/": "😕",
    ";-)": "😉", "/-fade": "🥀", "/-li": "☀️", "/-bd": "🎂", "/-bome": "💣", "/-ok": "👌", "/-v": "✌️",
    "/-thanks": "🙏", "/-punch": "👊", "/-share": "🤝", "_()_": "🙏", "/-no": "👎", "/-bad": "👎",
    "/-loveu": "🤟", "--b": "😞", ":((": "😢", "x-)": "😎", "8-)": "🤓", ";-d": "😁", "b-)": "😎",
    ":--|": "😐", "p-(": "😔", ":-bye": "👋", "|-)": "😴", ":wipe": "😅", ":-dig": "🤔", "&-(": "😰",
    ":handclap": "👏", ">-|": "😠", ":-f": "😏", ":-l": "😏", ":-r": "😏", ";-x": "🤐", ":-o": "😲",
    ";-s": "😳", ";-a": "😱", ":-<": "😞", ":))": "😄", "$-)": "🤑", "/-beer": "🍺",
}  # fmt: skip
"""What each code shows, or what comes nearest: "/-no" and "/-bad" say no with another finger."""

UNKNOWN = "🙂"
"""In place of a code of the same kind ("/-name") that is newer than this table."""

_FACES = sorted((code for code in EMOJI if not code.startswith("/-")), key=len, reverse=True)
_CODE = re.compile("|".join(["/-[a-z]{1,16}", *map(re.escape, _FACES)]), re.IGNORECASE)
_TOKEN = re.compile(rf"(?<!\S)(?:{_CODE.pattern})+(?=[?!.,…]*(?!\S))", re.IGNORECASE)


def as_emoji(text: str) -> str:
    """The text with codes as the emoji they show.

    Only where nothing but codes stands between two blanks, or punctuation after them: an address, a time or
    a word keeps its signs.
    """
    return _TOKEN.sub(lambda token: _CODE.sub(_emoji, token[0]), text)


def _emoji(code: re.Match[str]) -> str:
    return EMOJI.get(code[0].lower(), UNKNOWN)
