"""Which room of the code may use which: one below it, never one above."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT

LAYERS = (
    {"__main__"},
    {"cli"},
    {"app"},
    {"monitoring", "content_route"},
    {"desk"},
    {"answering"},
    {"channels"},
    {"cards"},
    {"rasa", "storage"},
    {"content"},
    {"text"},
    {"domain"},
)
"""From top to bottom; those of one layer know nothing of each other."""

FOR_ALL = {"backoff", "log", "metrics", "serve", "server", "settings", "supervision"}
"""Modules that any room may use, and that use none but the domain."""


def imported(file: Path) -> Iterator[str]:
    """The rooms and modules of bot/ that a file uses."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "bot":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bot."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("bot."))


def room_of(file: Path) -> str:
    """The room or module of bot/ that a file belongs to."""
    return file.relative_to(ROOT / "bot").parts[0].removesuffix(".py")


def test_no_room_uses_one_above_it_or_beside_it() -> None:
    depth = {room: place for place, layer in enumerate(LAYERS) for room in layer}
    wrong = []
    for file in sorted((ROOT / "bot").rglob("*.py")):
        room = room_of(file)
        if room == "__init__":
            continue
        for other in set(imported(file)) - {room}:
            is_below = other in FOR_ALL or (room in depth and depth[other] > depth[room])
            if not is_below and other != "domain":
                wrong.append(f"{file.relative_to(ROOT)} uses {other}")
    assert wrong == []


def test_the_snapshot_of_content_knows_neither_files_nor_git() -> None:
    names = {
        name
        for node in ast.walk(ast.parse((ROOT / "bot/content/library.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name
    }
    assert names.isdisjoint({"pathlib", "os", "subprocess", "Path"})
    assert {name for name in names if name.startswith("bot.content.")} == {
        "bot.content.messages",
        "bot.content.schema",
    }
