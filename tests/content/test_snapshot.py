"""The snapshot of content/ that is served is made of what was read, and reads nothing itself."""

from __future__ import annotations

import ast

from tests.support import ROOT


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
        "bot.content.bulletins",
        "bot.content.messages",
        "bot.content.schema",
        "bot.content.wards",
    }
