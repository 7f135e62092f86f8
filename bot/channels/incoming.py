"""From what a platform sent to a message of ours: cleaned, bounded, masked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.domain.language import Language
from bot.domain.message import PICTURES_MOST, TEXT_LIMIT, Message
from bot.text.cleaning import clean
from bot.text.personal_numbers import mask_personal

CUT = " […] "
"""What stands in place of the middle of a longer message."""
BUTTON_LIMIT = 256
"""Characters of a button's payload that are read; ours are shorter."""


def incoming(
    *,
    channel: str,
    address: str,
    conversation: str,
    key: str,
    text: str = "",
    button: str | None = None,
    is_quiet: bool = False,
    unreadable: bool = False,
    language: Language | None = None,
    pictures: Sequence[str] = (),
    part_of: str | None = None,
    act: str | None = None,
) -> Message:
    """A message with its text cleaned, bounded and masked: the only place where that is done.

    The text is cut before the cleaning, generously, so that even a huge one costs little. The rest is
    what a platform or a client made, and may be forged: what no database can hold is left out of it.
    """
    readable, is_cut = as_read(text)
    return Message(
        channel=channel,
        address=_storable(address),
        conversation=_storable(conversation),
        key=_storable(key),
        text=readable,
        button=None if button is None else _storable(button)[:BUTTON_LIMIT],
        is_cut=is_cut,
        is_quiet=is_quiet,
        unreadable=unreadable,
        language=language,
        pictures=tuple(map(_storable, pictures[:PICTURES_MOST])),
        part_of=part_of,
        act=act,
    )


def as_read(text: str) -> tuple[str, bool]:
    """A text cleaned, masked and bounded, and whether it was longer."""
    cleaned = mask_personal(clean(_ends(text, 8 * TEXT_LIMIT)))
    return _ends(cleaned, TEXT_LIMIT), len(cleaned) > TEXT_LIMIT or len(text) > 8 * TEXT_LIMIT


def _ends(text: str, most: int) -> str:
    """The text, or of a longer one its beginning and its end: people tell their story first and ask last.
    It is cut between words where there are any."""
    if len(text) <= most:
        return text
    half = (most - len(CUT)) // 2
    begin, end = text[:half], text[-half:]
    return (
        begin.rpartition(" ")[0] + CUT + end.partition(" ")[2]
        if " " in begin and " " in end
        else (begin + CUT + end)
    )


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL has not in a text, and halves of characters, which no encoding has."""


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("", text)
