"""Plots as SVG, drawn here: read without colour, on a phone as on a wide screen, and by a screen reader.

Widths are shares of the page's width and heights are pixels, so letters keep their size on every screen.
What is not shown is a dashed outline, what is set apart is hatched. Colours are the style sheet's.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from bot.domain.language import Language

HEIGHT, TOP, BASE = 210, 26, 176
"""Of columns, in pixels: of the picture, and from its upper edge to the highest and to the foot."""

LABEL_LETTERS = 38
"""Of the label of a bar on a line: as many as a phone has room for."""

LONGEST = 52
"""Percent of the width that the longest bar takes; behind it stands its number."""

_numbers = itertools.count(1)
"""For ids: every plot of a page has its own."""


@dataclass(frozen=True, slots=True)
class PlotBar:
    """One bar or column. number: None if it is not shown. said: the number in words. is_apart: hatched.
    tick: what stands under a column, if anything. second: of a bar, the hatched part behind the first."""

    label: str
    number: int | None
    said: str
    is_apart: bool = False
    tick: str = ""
    second: int = 0


def grouped(number: float, language: Language, digits: int = 0) -> str:
    """A number as it is written: 1.234.567,5 in Vietnamese, 1,234,567.5 in English."""
    text = f"{number:,.{digits}f}"
    return text if language is Language.EN else text.translate(str.maketrans(",.", ".,"))


def columns(parts: Sequence[PlotBar], title: str, description: str, language: Language) -> Markup:
    """Columns side by side, over lines at round numbers; the highest has its number on top."""
    most = max((part.number or 0 for part in parts), default=0)
    top, step = _scale(most)
    name, hatch = _names()
    drawn, scale = [], []
    for number in range(0, top + 1, step):
        y = _y(number, top)
        drawn.append(f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        if number:
            scale.append(f'<text class="scale" x="0" y="{y - 4}">{grouped(number, language)}</text>')
    width = 100 / max(1, len(parts))
    highest = next((part for part in parts if part.number == most), None)
    for place, part in enumerate(parts):
        left, middle = place * width + width * 0.12, (place + 0.5) * width
        box = f'x="{left:.2f}%" width="{width * 0.76:.2f}%"'
        hint = f"<title>{escape(part.label)}: {escape(part.said)}</title>"
        if part.number is None:
            drawn.append(f'<rect class="hidden" {box} y="{BASE - 14}" height="14">{hint}</rect>')
        else:
            y = _y(part.number, top)
            fill = f'fill="url(#{hatch})" class="apart"' if part.is_apart else 'class="bar"'
            drawn.append(f'<rect {fill} {box} y="{y}" height="{BASE - y}">{hint}</rect>')
            if part is highest and most:
                anchor = "start" if middle < 12 else "end" if middle > 88 else "middle"
                drawn.append(
                    f'<text class="value" x="{middle:.2f}%" y="{y - 5}" text-anchor="{anchor}">'
                    f"{escape(part.said)}</text>"
                )
        if part.tick:
            drawn.append(
                f'<text class="tick" x="{middle:.2f}%" y="{BASE + 18}" text-anchor="middle">'
                f"{escape(part.tick)}</text>"
            )
    return _picture(name, hatch, HEIGHT, title, description, [*drawn, *scale])


def bars(parts: Sequence[PlotBar], title: str, description: str) -> Markup:
    """Bars one under the other, each under its label and before its number."""
    most = max(((part.number or 0) + part.second for part in parts), default=0) or 1
    name, hatch = _names()
    drawn, y = [], 0
    for part in parts:
        for line in textwrap.wrap(part.label, LABEL_LETTERS, max_lines=2, placeholder="…") or [""]:
            y += 20
            drawn.append(f'<text class="label" x="0" y="{y}">{escape(line)}</text>')
        y += 6
        hint = f"<title>{escape(part.label)}: {escape(part.said)}</title>"
        first, second = (LONGEST * (number or 0) / most for number in (part.number, part.second))
        if part.number is None:
            first = 6
            drawn.append(f'<rect class="hidden" x="0" width="{first}%" y="{y}" height="16">{hint}</rect>')
        else:
            fill = f'fill="url(#{hatch})" class="apart"' if part.is_apart else 'class="bar"'
            drawn.append(f'<rect {fill} x="0" width="{first:.2f}%" y="{y}" height="16">{hint}</rect>')
        if part.second:
            drawn.append(
                f'<rect class="apart" fill="url(#{hatch})" x="{first:.2f}%" width="{second:.2f}%" '
                f'y="{y}" height="16"/>'
            )
        drawn.append(
            f'<text class="value" x="{first + second:.2f}%" dx="6" y="{y + 13}">{escape(part.said)}</text>'
        )
        y += 24
    return _picture(name, hatch, y + 2, title, description, drawn)


def _scale(most: int) -> tuple[int, int]:
    """The number at which a scale ends, and its step: 1, 2 or 5 and zeros, at most five of them."""
    step = 1
    for zeros in range(12):
        for digit in (1, 2, 5):
            step = digit * 10**zeros
            if most <= step * 4:
                return max(1, -(-most // step)) * step, step
    return most, step


def _y(number: int, top: int) -> float:
    return round(BASE - (BASE - TOP) * number / top, 1)


def _names() -> tuple[str, str]:
    """Ids of a plot and of its hatching, which no other has."""
    number = next(_numbers) % 1_000_000
    return f"plot-{number}", f"hatch-{number}"


def _picture(
    name: str, hatch: str, height: float, title: str, description: str, drawn: Sequence[str]
) -> Markup:
    return Markup(  # noqa: S704  (what was written by people is escaped above and here)
        f'<svg class="plot" role="img" aria-labelledby="{name} {name}-more" width="100%" height="{height}">'
        f'<title id="{name}">{escape(title)}</title><desc id="{name}-more">{escape(description)}</desc>'
        f'<defs><pattern id="{hatch}" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/>'
        '<rect class="hatch-line" width="3" height="6"/></pattern></defs>' + "".join(drawn) + "</svg>"
    )
