"""Markdown of single facts: dates, sources, and what people typed."""

from __future__ import annotations

import datetime
import re

from bot.domain.answer import Source


def day(date: datetime.date) -> str:
    """A date as both languages read it without mistaking day for month where it matters: 05/11/2026."""
    return f"{date:%d/%m/%Y}"


def partial_day(date: str) -> str:
    """An ISO day, month or year in the same order: 05/11/2026, 11/2026, 2026."""
    return "/".join(reversed(date.split("-")))


def source_line(source: Source) -> str:
    """A source as one line of Markdown: title as a link, number, issuer, date."""
    title = f"[{escape(source.title)}]({source.url})" if source.url else escape(source.title)
    date = partial_day(source.date) if source.date else None
    facts = [escape(fact) for fact in (source.number, source.issuer, date) if fact]
    return ", ".join([title, *facts])


def escape(text: str) -> str:
    """Text with Markdown's own characters escaped."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>#" else c for c in text)


def verbatim(text: str) -> str:
    """Plain text as Markdown that shows it as typed: lines stay lines, and only addresses are links."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(text.split("\r\n")).strip())
    return "\n\n".join(
        "\\\n".join(_verbatim_line(line) for line in paragraph.splitlines()) for paragraph in paragraphs
    )


def _verbatim_line(line: str) -> str:
    words = re.split(r"(https?://[^\s<>]*[^\s<>.,;:!?)\]}'\"…”’])", line.strip())
    written = "".join(f"<{word}>" if place % 2 else escape(word) for place, word in enumerate(words))
    # At the beginning of a line these would make a list, or a rule.
    return re.sub(r"^([-+=~]|\d{1,9}(?=[.)]))", _escape_first, written)


def _escape_first(found: re.Match[str]) -> str:
    mark = found[1]
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"
