"""The commands for PostgreSQL that docs/operators.md names, to be tried."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

from tests.support import ROOT


def arguments(program: str, database: str, instead: str) -> list[str]:
    """What the page gives a program for one of the two databases, with another one named in its place."""
    page = (ROOT / "docs" / "operators.md").read_text("utf-8")
    lines = re.findall(rf"^    docker compose .* ({program} .*?) [<>]", page, re.MULTILINE)
    (words,) = (
        words
        for words in (shlex.split(line.replace("--username bot", "")) for line in lines)
        if database in words
    )
    return [instead if word == database else word for word in words[1:]]


def left_out(database: str) -> set[str]:
    """The tables whose rows the page's pg_dump leaves out."""
    words = arguments("pg_dump", database, database)
    return {after for word, after in pairwise(words) if word == "--exclude-table-data"}
