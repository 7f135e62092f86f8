"""Reads content/ over as a second reader would: what is not wrong YAML, yet wrong for people."""

from bot.content.check.findings import check

__all__ = ["check"]
