"""Runs of text as Telegram's HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable
from itertools import groupby

from bot.text.rich import Quote, Run

_QUOTES = {Quote.OPEN: "<blockquote>", Quote.FOLDED: "<blockquote expandable>"}


def to_html(runs: Iterable[Run]) -> str:
    """Runs as Telegram's HTML; text that looks like markup is escaped."""
    written = []
    for quote, group in groupby(runs, key=lambda run: run.style.quote):
        inner = "".join(map(_tagged, group))
        written.append(f"{_QUOTES[quote]}{inner}</blockquote>" if quote else inner)
    return "".join(written)


def _tagged(run: Run) -> str:
    text, style = html.escape(run.text, quote=False), run.style
    if style.code:
        return f"<code>{text}</code>"
    if style.link:
        text = f'<a href="{html.escape(style.link)}">{text}</a>'
    if style.italic:
        text = f"<i>{text}</i>"
    return f"<b>{text}</b>" if style.bold else text
