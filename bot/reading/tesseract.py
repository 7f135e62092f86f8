"""Tesseract, as a program: from a prepared picture to lines of words."""

from __future__ import annotations

import functools
import io
import subprocess
from dataclasses import dataclass

from PIL import Image

from bot.reading.limits import SECONDS_MOST

PROGRAM = "tesseract"
LANGUAGES = ("vie", "eng")


@dataclass(frozen=True, slots=True)
class Word:
    """One word that was recognised. sure: from 0 to 100. height: in pixels."""

    text: str
    sure: float
    height: int


Line = tuple[Word, ...]


def recognise(picture: Image.Image) -> list[Line]:
    """The lines in a picture, as they are read one after the other.

    Raises:
        subprocess.SubprocessError: Tesseract failed, or took too long.
    """
    done = subprocess.run(
        [PROGRAM, "stdin", "stdout", "-l", "+".join(LANGUAGES), "--psm", "3", "tsv"],
        input=_plain(picture),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS_MOST,
        check=True,
    )
    return lines_of(done.stdout.decode("utf-8", "replace"))


def _plain(picture: Image.Image) -> bytes:
    """The picture in the plainest format that Tesseract opens, which needs no decoder to speak of."""
    out = io.BytesIO()
    picture.save(out, "PPM")
    return out.getvalue()


def lines_of(table: str) -> list[Line]:
    """The lines in Tesseract's table: level, page, block, paragraph, line, word, place, size, sure, text."""
    lines: dict[tuple[str, ...], list[Word]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t", 11)
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            word = Word(cells[11], float(cells[10]), int(cells[9]))
            lines.setdefault(tuple(cells[1:5]), []).append(word)
    return [tuple(words) for words in lines.values()]


@functools.cache
def problem() -> str | None:
    """Why nothing can be read on this machine, in words for whoever runs the bot; None if it can."""
    wanted = f"install tesseract-ocr and {' and '.join(f'tesseract-ocr-{name}' for name in LANGUAGES)}"
    try:
        done = subprocess.run(
            [PROGRAM, "--list-langs"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return f"pictures are not read: the program {PROGRAM} is not there; {wanted}"
    missing = [name for name in LANGUAGES if name not in done.stdout.split()]
    if missing:
        return f"pictures are not read: {PROGRAM} has no data for {', '.join(missing)}; {wanted}"
    return None
