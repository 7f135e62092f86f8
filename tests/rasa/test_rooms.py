"""Which room of the Rasa side may import which: a runner may stand on another machine than the trainer."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.syntax import tree_of

NLU = ROOT / "nlu"
FILES = {
    file.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): file for file in NLU.rglob("*.py")
}

JOINS = {"nlu.server", "nlu.api", "nlu.publisher", "nlu.preloaded"}
"""Those that join the two."""


@cache
def imported(file: Path) -> frozenset[str]:
    """The modules of ours that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names & FILES.keys())


def needed(module: str) -> set[str]:
    """The modules of ours that a module needs, with what these need."""
    found: set[str] = set()
    left = [module]
    while left:
        for name in imported(FILES[left.pop()]) - found:
            found.add(name)
            left.append(name)
    return found


def of(room: str) -> set[str]:
    return {module for module in FILES if module.startswith(f"nlu.{room}.")}


@pytest.mark.parametrize(
    "module", sorted(of("runner") | of("components") | of("encoder") | of("wards") | of("text"))
)
def test_nothing_that_a_runner_needs_is_the_trainers(module: str) -> None:
    assert not needed(module) & (of("trainer") | JOINS)


@pytest.mark.parametrize("module", sorted(of("trainer")))
def test_the_trainer_needs_no_runner(module: str) -> None:
    assert not needed(module) & (of("runner") | JOINS)
