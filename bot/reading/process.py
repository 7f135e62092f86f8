"""The process in which one picture is read: bytes in, words out. `python -m bot.reading.process`

It is given little: memory, time, no file to write, and none of the bot's environment. Strangers' bytes have
done much harm to decoders of pictures; whatever happens here ends with this process.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import TYPE_CHECKING

from bot.reading.limits import BYTES_MOST, MEMORY_MOST, SECONDS_MOST

if TYPE_CHECKING:
    from PIL import Image

REFUSED = 3
"""The exit status for what is no picture that is opened here."""

SMALL = 15
"""Words that are fewer pixels high are read again, enlarged."""

ENLARGED = 2

LETTERS_MOST = 20_000
"""Letters that are told; no screenshot has as many."""


def main() -> None:
    """Read the picture on stdin, and write what stands in it to stdout."""
    limit()
    # Only once the limits hold.
    from bot.reading.preparing import NotAPicture, opened, prepared

    try:
        picture = prepared(opened(sys.stdin.buffer.read(BYTES_MOST + 1)))
    except (NotAPicture, MemoryError):
        sys.exit(REFUSED)
    sys.stdout.buffer.write(read(picture)[:LETTERS_MOST].encode())


def limit() -> None:
    """Take from this process, and from Tesseract after it, what reading a picture does not need."""
    os.nice(5)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_MOST),
        (resource.RLIMIT_CPU, int(SECONDS_MOST) + 1),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def read(picture: Image.Image) -> str:
    """What stands in a prepared picture."""
    from bot.reading.preparing import WORKING_PIXELS, scaled
    from bot.reading.tesseract import recognise
    from bot.reading.words import usual_height, written

    lines = recognise(picture)
    if usual_height(lines) < SMALL and picture.width * picture.height * ENLARGED**2 <= WORKING_PIXELS:
        lines = recognise(scaled(picture, ENLARGED))
    return written(lines)


if __name__ == "__main__":
    main()
