"""Draws share images: an answer on 1200 x 630 pixels, as messengers and social networks show a link.

A picture is cropped and forwarded without its page. So the verdict stands in a band of its colour, before
each line of the claim, and across the whole claim.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from PIL import Image, ImageDraw, ImageFont

from bot.cards.formatting import day
from bot.content.library import Library
from bot.content.schema import Answer, AnswerStatus
from bot.domain.answer import Verdict
from bot.domain.language import Language
from bot.text.rich import markdown, plain

WIDTH, HEIGHT = 1200, 630
"""Pixels: the 1.91:1 that Facebook and Zalo show of a link uncropped."""

MOST_BYTES = 300_000
"""Of an image; WhatsApp takes no larger preview (integrators)."""

COLOURS = 96
"""Of the palette: text on plain ground needs no more, and takes a third of the bytes."""

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

PAPER, INK, QUIET, WHITE, LINE = (
    (246, 244, 235),
    (20, 48, 47),
    (76, 98, 95),
    (255, 254, 250),
    (217, 216, 202),
)
"""The page's colours (bot/channels/web/static/style.css)."""


@dataclass(frozen=True, slots=True)
class _Tone:
    """What a verdict looks like. strong: of the band, below white letters. mist: behind the claim; mark: of
    the words across it."""

    strong: Colour
    mist: Colour
    mark: Colour


_GREY = _Tone((75, 85, 99), (232, 233, 230), (201, 204, 205))
_TONES = {
    Verdict.REFUTED: _Tone((156, 43, 34), (249, 228, 222), (239, 194, 185)),
    Verdict.MISLEADING: _Tone((138, 79, 18), (247, 234, 214), (231, 202, 160)),
    Verdict.PARTLY_TRUE: _Tone((138, 79, 18), (247, 234, 214), (231, 202, 160)),
    Verdict.CONFIRMED: _Tone((35, 102, 58), (224, 239, 221), (180, 213, 178)),
    Verdict.OUTDATED: _GREY,
}
_RIVER = _Tone((11, 90, 92), WHITE, WHITE)

BAND, FOOT = 112, 84
"""Heights of the band on top and of the foot."""

MARGIN = 56
PADDING = 26

EXCERPT = 116
"""Height that a claim leaves for what is so, where it can be read all the same."""


def draw(answer: Answer, language: Language, library: Library, address: str) -> bytes:
    """An answer's share image as PNG, of less than `MOST_BYTES`.

    address: where the bot is found, without https://; empty: it is not said.
    """
    is_withdrawn = library.status(answer) is AnswerStatus.WITHDRAWN
    return _Drawing(answer, language, library, address, is_withdrawn=is_withdrawn).png()


class _Drawing:
    """One picture."""

    def __init__(
        self, answer: Answer, language: Language, library: Library, address: str, *, is_withdrawn: bool
    ) -> None:
        self._answer = answer
        self._text = answer[language]
        self._language = language
        self._messages = library.messages
        self._address = address
        self._is_withdrawn = is_withdrawn
        self._image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        self._pen = ImageDraw.Draw(self._image)
        self._tone = (
            _GREY if is_withdrawn else _TONES.get(answer.verdict, _RIVER) if answer.verdict else _RIVER
        )

    def png(self) -> bytes:
        """The picture as a file."""
        self._band()
        top = self._title(BAND + 26)
        bottom = HEIGHT - FOOT
        if self._is_withdrawn:  # neither what it said nor the claim goes round under such a mark
            self._marked(self._messages.sharing.withdrawn_note[self._language], top + 18, bottom - 20)
        elif self._text.claim:
            top = self._marked(f"“{_unquoted(self._text.claim)}”", top + 18, bottom - 20)
            self._excerpt(top + 16, bottom - 14)
        else:
            self._excerpt(top + 18, bottom - 14)
        self._foot()
        reduced = self._image.quantize(COLOURS, dither=Image.Dither.NONE)
        file = io.BytesIO()
        reduced.save(file, "PNG", optimize=True)
        return file.getvalue()

    @property
    def _mark(self) -> str:
        """The word that nobody may be able to cut off; empty where there is none."""
        if self._is_withdrawn:
            return self._messages.sharing.withdrawn[self._language]
        verdict = self._answer.verdict
        return self._messages.verdicts.of(verdict)[self._language] if verdict else ""

    def _band(self) -> None:
        self._pen.rectangle((0, 0, WIDTH, BAND), fill=self._tone.strong)
        official = self._messages.sharing.official[self._language]
        if not self._mark:
            self._write(MARGIN, BAND // 2, official, font_of("SemiBold", 40), WHITE, anchor="lm")
            return
        word = self._mark.upper()
        self._write(MARGIN, BAND // 2, word, font_of("Bold", 54), WHITE, anchor="lm")
        self._write(WIDTH - MARGIN, BAND // 2, official, font_of("SemiBold", 28), WHITE, anchor="rm")

    def _title(self, top: int) -> int:
        lines, font, height = _fitted(self._text.title, "Bold", range(48, 35, -4), WIDTH - 2 * MARGIN, 124)
        return self._lines(lines, font, MARGIN, top, height, INK)

    def _marked(self, text: str, top: int, bottom: int) -> int:
        """A text in a box, with the mark all over it; returns where the box ends."""
        mark = self._mark
        badge = font_of("Bold", 20)
        left = MARGIN + PADDING + round(badge.getlength(mark.upper())) + 44
        right = WIDTH - MARGIN - PADDING
        room = bottom - top - 2 * PADDING
        width = right - left
        lines, font, height = _whole(text, "Medium", range(40, 29, -2), width, room - EXCERPT) or _fitted(
            text, "Medium", range(40, 25, -2), width, room
        )
        end = top + 2 * PADDING + height * len(lines)
        box = (MARGIN, top, WIDTH - MARGIN, end)
        self._pen.rounded_rectangle(box, 18, fill=self._tone.mist)
        self._strew(mark.upper(), box)
        for number, line in enumerate(lines):
            middle = top + PADDING + height * number + height // 2
            self._badge(mark.upper(), badge, MARGIN + PADDING - 6, middle, min(17, height // 2 - 2))
            self._write(left, middle, line, font, INK, anchor="lm")
        return end

    def _badge(self, word: str, font: Font, left: int, middle: int, half: int) -> None:
        width = round(font.getlength(word))
        box = (left, middle - half, left + width + 24, middle + half)
        self._pen.rounded_rectangle(box, 9, fill=self._tone.strong)
        self._write(left + 12, middle, word, font, WHITE, anchor="lm")

    def _strew(self, word: str, box: tuple[int, int, int, int]) -> None:
        """The word across the box, again and again, below what is written there."""
        left, top, right, bottom = box
        width, height = right - left, bottom - top
        font = font_of("ExtraBold", 34)
        step = round(font.getlength(word)) + 46
        reach = width + height
        mask = Image.new("L", (reach, reach), 0)
        pen = ImageDraw.Draw(mask)
        for row, y in enumerate(range(0, reach, 62)):
            for x in range(-step * (row % 2) // 2, reach, step):
                pen.text((x, y), word, 255, font)
        mask = mask.rotate(12, Image.Resampling.BICUBIC)
        x, y = (reach - width) // 2, (reach - height) // 2
        mask = mask.crop((x, y, x + width, y + height))
        corners = Image.new("L", (width, height), 0)
        ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), 18, fill=255)
        shown = Image.new("L", (width, height), 0)
        shown.paste(mask, (0, 0), corners)
        self._image.paste(self._tone.mark, (left, top), shown)

    def _excerpt(self, top: int, bottom: int) -> None:
        """The beginning of the answer, if there is room for two lines of it."""
        text = _beginning(self._text.answer)
        sizes = range(40, 23, -2) if not self._text.claim else range(30, 23, -2)
        if bottom - top < 2 * _line_height(sizes[-1]):
            return
        lines, font, height = _fitted(text, "Regular", sizes, WIDTH - 2 * MARGIN, bottom - top)
        self._lines(lines, font, MARGIN, top, height, INK)

    def _foot(self) -> None:
        top = HEIGHT - FOOT
        middle = top + FOOT // 2
        self._pen.rectangle((0, top, WIDTH, HEIGHT), fill=WHITE)
        self._pen.line((0, top, WIDTH, top), fill=LINE, width=2)
        name, font = self._messages.page.title[self._language], font_of("Bold", 32)
        self._write(MARGIN, middle, name, font, _RIVER.strong, anchor="lm")
        after = MARGIN + round(font.getlength(_composed(name))) + 24
        checked = f"{self._messages.labels.checked[self._language]} {day(self._answer.checked)}"
        small = font_of("Regular", 26)
        self._write(WIDTH - MARGIN, middle, checked, small, QUIET, anchor="rm")
        room = WIDTH - MARGIN - small.getlength(_composed(checked)) - 24 - after
        if self._address and small.getlength(self._address) <= room:
            self._write(after, middle, self._address, small, QUIET, anchor="lm")

    def _lines(
        self, lines: Sequence[str], font: Font, left: int, top: int, height: int, colour: Colour
    ) -> int:
        for number, line in enumerate(lines):
            self._write(left, top + height * number + height // 2, line, font, colour, anchor="lm")
        return top + height * len(lines)

    def _write(self, x: int, y: int, text: str, font: Font, colour: Colour, *, anchor: str) -> None:
        self._pen.text((x, y), _composed(text), colour, font, anchor=anchor)


@cache
def font_of(style: str, size: int) -> Font:
    """A style of Be Vietnam Pro, with the shaping that sets Vietnamese marks right."""
    with as_file(files("fontpkg_be_vietnam_pro") / "files" / f"BeVietnamPro-{style}.ttf") as path:
        return ImageFont.truetype(io.BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.RAQM)


def _whole(
    text: str, style: str, sizes: range, width: int, height: int
) -> tuple[list[str], Font, int] | None:
    """A text in lines of at most so many pixels, as large as it fits: the lines, their font, and the height
    of each; None if it does not fit."""
    for size in sizes:
        font, line = font_of(style, size), _line_height(size)
        lines = list(_wrapped(text, font, width))
        if len(lines) * line <= height:
            return lines, font, line
    return None


def _fitted(text: str, style: str, sizes: range, width: int, height: int) -> tuple[list[str], Font, int]:
    """As `_whole`, but what never fits is cut at a word."""
    if found := _whole(text, style, sizes, width, height):
        return found
    font, line = font_of(style, sizes[-1]), _line_height(sizes[-1])
    lines = list(_wrapped(text, font, width))[: max(1, height // line)]
    return [*lines[:-1], _cut(lines[-1], font, width)], font, line


def _line_height(size: int) -> int:
    """So much that stacked marks (Ổ, Ậ) touch no line above."""
    return round(size * 1.36)


def _wrapped(text: str, font: Font, width: int) -> Iterator[str]:
    for paragraph in _composed(text).splitlines():
        yield from _wrapped_line(paragraph, font, width)


def _wrapped_line(text: str, font: Font, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            yield line
            line = word
        else:
            line = longer
        while font.getlength(line) > width:  # an address, or letters without a blank
            fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= width)
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line


def _cut(line: str, font: Font, width: int) -> str:
    """A line with an ellipsis at its end, which takes the place of words where it has to."""
    while " " in line and font.getlength(f"{line} …") > width:
        line = line.rpartition(" ")[0]
    return f"{line.rstrip(' ,;:.')} …"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _unquoted(text: str) -> str:
    """A claim without quotation marks around the whole of it."""
    return text[1:-1] if re.fullmatch(r'["“][^"“”]*["”]', text) else text


def _beginning(answer: str) -> str:
    """The first paragraph, with the list to which it leads."""
    first, *others = re.split(r"\n\s*\n", answer.strip())
    if first.rstrip(" *_").endswith(":") and others:
        first = f"{first}\n\n{others[0]}"
    return plain(markdown(first)).strip()
