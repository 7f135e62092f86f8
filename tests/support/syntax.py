"""The syntax of our own files, for tests that read the code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(file: Path) -> ast.Module:
    """A file's syntax tree, which nobody changes."""
    return ast.parse(file.read_text(encoding="utf-8"))
