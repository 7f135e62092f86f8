"""The editors' pages look like the page on which people ask: each colour is the same there."""

from __future__ import annotations

import re
from pathlib import Path

from bot.editing.site import STATIC
from tests.support import ROOT

PAGE = ROOT / "bot" / "channels" / "web" / "static" / "style.css"


def variables(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The variables of a stylesheet, and those of them that are others in the dark."""
    light, dark = re.findall(r":root \{(.*?)\}", file.read_text(encoding="utf-8"), re.DOTALL)[:2]
    found = (dict(re.findall(r"(--[a-z-]+): (.*?);", block)) for block in (light, dark))
    return next(found), next(found)


def test_what_the_editors_pages_use_is_as_on_the_page() -> None:
    for ours, theirs in zip(variables(STATIC / "editors.css"), variables(PAGE), strict=True):
        assert ours
        assert ours.items() <= theirs.items()


def test_every_variable_is_used() -> None:
    style = (STATIC / "editors.css").read_text(encoding="utf-8")
    assert [name for name in variables(STATIC / "editors.css")[0] if f"var({name})" not in style] == []
