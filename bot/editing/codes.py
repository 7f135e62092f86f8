"""The picture of a link that a phone reads (a QR code), drawn here: no secret leaves for elsewhere."""

from __future__ import annotations

import segno
from markupsafe import Markup


def picture_of(link: str) -> Markup:
    """A link as an SVG element, black on white in light and dark."""
    code = segno.make(link, error="m")
    svg: str = code.svg_inline(scale=5, border=3, light="white", svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704  (segno's own drawing; the link is in it as squares)
