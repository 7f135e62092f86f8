"""Markdown as runs of plain text with a style, split into parts that fit a message.

The plain text is split where a reader would pause; each channel then writes a part in its own way.
Cutting what is written already would leave tags open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from urllib.parse import unquote

from markdown_it.token import Token

from bot.text.dialect import parser

_markdown = parser()

_LINKABLE = ("http://", "https://")
_SCHEME = re.compile(r"(?:tel|mailto):", re.IGNORECASE)
_PAUSES = (re.compile(r"\n\s*\n"), re.compile(r"\n|(?<=[.!?…:;])[\"'”’)\]]*\s"), re.compile(r"\s"))
"""Where a text may be divided, best first: between paragraphs, sentences or lines, words."""


class Quote(StrEnum):
    """A block set apart from the text; a folded one shows its first lines until it is pressed."""

    OPEN = "open"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Style:
    """How a run of text looks. Code has no other style; Telegram allows none within it."""

    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str | None = None
    quote: Quote | None = None


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one style."""

    text: str
    style: Style = PLAIN


def units(text: str) -> int:
    """The length of a text in UTF-16 units: never less than in characters, however a platform counts."""
    return len(text) + sum(c > "\uffff" for c in text)


def plain(runs: Iterable[Run]) -> str:
    """The text without its styles."""
    return "".join(run.text for run in runs)


def split(runs: Sequence[Run], limit: int) -> list[list[Run]]:
    """The runs in parts of at most `limit` UTF-16 units, none of them blank.

    Nothing but white space is lost, and that only where the text is divided.
    """
    parts = []
    rest = _stripped(runs)
    while rest:
        text = plain(rest)
        cut = len(text) if units(text) <= limit else _cut(text, limit)
        parts.append(_stripped(_slice(rest, 0, cut)))
        rest = _stripped(_slice(rest, cut, len(text)))
    return parts


def _cut(text: str, limit: int) -> int:
    """How many characters go into the first part: to a pause in its second half, if there is one.

    The text must be longer than the limit.
    """
    used = accumulate(units(c) for c in text)
    fits = next(place for place, total in enumerate(used) if total > limit)
    for pause in _PAUSES:
        ends = [found.end() for found in pause.finditer(text, 0, fits) if found.end() > fits // 2]
        if ends:
            return ends[-1]
    return fits


def _slice(runs: Iterable[Run], start: int, end: int) -> list[Run]:
    """The runs between two places in their text."""
    sliced, place = [], 0
    for run in runs:
        piece = run.text[max(start - place, 0) : max(end - place, 0)]
        place += len(run.text)
        if piece:
            sliced.append(replace(run, text=piece))
    return sliced


def _stripped(runs: Iterable[Run]) -> list[Run]:
    runs = list(runs)
    text = plain(runs)
    return _slice(runs, len(text) - len(text.lstrip()), len(text.rstrip()))


def markdown(text: str, style: Style = PLAIN) -> list[Run]:
    """Markdown as runs.

    Lists become lines with a bullet or the number that was written, headings bold lines, pictures their
    description. Where a link leads that is not to the web (`tel:115`) stands behind its text. HTML is text.
    """
    writer = _Writer(style)
    for token in _markdown.parse(text):
        writer.block(token)
    return writer.runs


class _Writer:
    """Writes Markdown's tokens, block by block."""

    def __init__(self, style: Style) -> None:
        self.runs: list[Run] = []
        self._style = style
        self._outside = style.quote
        self._quotes = 0
        self._lists = 0
        self._marker = ""
        self._was_in_list = False

    def block(self, token: Token) -> None:
        """Write a block, or remember what is to stand around the next one."""
        match token.type:
            case "bullet_list_open" | "ordered_list_open" | "bullet_list_close" | "ordered_list_close":
                self._lists += token.nesting
            case "list_item_open":
                self._marker += f"{token.info}. " if token.info else "• "
            case "list_item_close" if self._marker:  # nothing stands behind it
                self._write_between()
            case "heading_open" | "heading_close":
                self._style = replace(self._style, bold=token.nesting > 0)
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
                quote = self._outside or (Quote.OPEN if self._quotes else None)
                self._style = replace(self._style, quote=quote)
            case "inline":
                self._write_between()
                self._inline(token.children or [])

    def _write_between(self) -> None:
        """The gap before a block and, in a list, its indent and marker."""
        if self.runs:
            # A gap belongs to a quote only if both its neighbours do.
            both = self.runs[-1].style.quote == self._style.quote
            in_list = bool(self._lists) and self._was_in_list
            gap_style = Style(quote=self._style.quote if both else self._outside)
            self._write("\n" if in_list else "\n\n", gap_style)
        self._was_in_list = bool(self._lists)
        indent = "   " * (self._lists - 1 + (not self._marker)) if self._lists else ""
        self._write(indent + self._marker, Style(quote=self._style.quote))
        self._marker = ""

    def _inline(self, tokens: Iterable[Token]) -> None:
        around = self._style
        style, url, start = around, "", 0
        for token in tokens:
            match token.type:
                case "softbreak":
                    self._write(" ", style)
                case "hardbreak":
                    self._write("\n", style)
                case "strong_open" | "strong_close":
                    style = replace(style, bold=token.nesting > 0 or around.bold)
                case "em_open" | "em_close":
                    style = replace(style, italic=token.nesting > 0 or around.italic)
                case "link_open":
                    url, start = str(token.attrGet("href")), len(plain(self.runs))
                    style = replace(style, link=url if url.startswith(_LINKABLE) else None)
                case "link_close":
                    if style.link is None and not _tells(plain(self.runs)[start:], url):
                        self._write(f" ({_address(url)})", style)
                    style = replace(style, link=None)
                case "code_inline":
                    self._write(token.content, replace(style, code=True))
                case _:
                    self._write(token.content, style)

    def _write(self, text: str, style: Style) -> None:
        """Append text, to the run before it if that looks the same."""
        if text and self.runs and self.runs[-1].style == style:
            self.runs[-1] = replace(self.runs[-1], text=self.runs[-1].text + text)
        elif text:
            self.runs.append(Run(text, style))


def _address(url: str) -> str:
    """What a link leads to, as one would write it down: `115` for `tel:115`."""
    return unquote(_SCHEME.sub("", url))


def _tells(text: str, url: str) -> bool:
    """Whether the text of a link says already where it leads."""
    return _bare(_address(url)) in _bare(text)


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
