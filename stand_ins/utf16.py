"""Lengths as the platforms count them."""

from __future__ import annotations


def utf16(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
