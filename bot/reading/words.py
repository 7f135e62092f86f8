"""Which of the words that were recognised somebody wrote: not the clock of a screenshot, nor its drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from bot.reading.tesseract import Line, Word

SURE = 60
"""How sure a word of one or two letters has to be, of 100: a drawing is mostly read as one."""

SURE_OF_LONG = 30
"""And a longer one."""

TALL = 1.9
"""So many times as high as the others is a drawing, unless it is a long word of a headline, or this sure."""

SURE_OF_TALL = 93

_BAR = re.compile(r"(?:\d{1,2}[:.]\d{2}|\d{1,3} ?%|[AaPp][Mm]|[45]G|LTE|[^\w]){1,12}")
"""A line that a telephone wrote: the time, the battery, the network."""


def written(lines: Sequence[Line]) -> str:
    """What stands in a picture, a line for each of its lines."""
    usual = usual_height(lines)
    kept = (" ".join(word.text for word in line if _is_written(word, usual)) for line in lines)
    return "\n".join(line for line in kept if line and not _BAR.fullmatch(line))


def usual_height(lines: Sequence[Line]) -> float:
    """How high the words of a picture are, in pixels; 0 if none is sure."""
    return median([word.height for line in lines for word in line if word.sure > SURE] or [0])


def _is_written(word: Word, usual: float) -> bool:
    letters = sum(map(str.isalnum, word.text))
    is_drawn = letters <= 3 and word.height > TALL * usual and word.sure < SURE_OF_TALL
    if letters == 0 or is_drawn:
        return False
    return word.sure >= (SURE if letters <= 2 else SURE_OF_LONG)
