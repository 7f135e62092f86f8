"""The settings of Rasa's components, read from their code: the tests run in a Python without Rasa."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nlu.components.diacritics import RestorerLimits
from nlu.components.typos import TypoLimits
from tests.support import ROOT
from tests.support.syntax import tree_of


def default_settings(path: str) -> dict[str, Any]:
    """What a component's get_default_config gives.

    Args:
        path: of its class, "nlu.components.normaliser.TextNormaliser".
    """
    function = next(node for node in class_at(path).body if getattr(node, "name", "") == "get_default_config")
    given = next(node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    assert isinstance(given, ast.Dict)
    settings: dict[str, Any] = {}
    for key, value in zip(given.keys, given.values, strict=True):
        if key:
            settings[ast.literal_eval(key)] = ast.literal_eval(value)
        else:  # **Other.get_default_config()
            other = next(node.id for node in ast.walk(value) if isinstance(node, ast.Name))
            settings |= default_settings(path_of(other, path))
    return settings


def class_at(path: str) -> ast.ClassDef:
    """A class by its path."""
    _, _, name = path.rpartition(".")
    return next(node for node in module_of(path).body if isinstance(node, ast.ClassDef) and node.name == name)


def module_of(path: str) -> ast.Module:
    """The module of a class."""
    return tree_of(file_of(path))


def file_of(path: str) -> Path:
    """The file of a class."""
    module, _, _ = path.rpartition(".")
    return ROOT / f"{module.replace('.', '/')}.py"


def path_of(name: str, path: str) -> str:
    """The path of a class that the module of another one imports."""
    imports = (node for node in module_of(path).body if isinstance(node, ast.ImportFrom))
    return next(
        f"{node.module}.{name}" for node in imports if any(alias.name == name for alias in node.names)
    )


def bases_of(path: str) -> Iterator[str]:
    """The path of a class of ours, and of those of nlu/components/ that it is made from."""
    yield path
    for base in class_at(path).bases:
        if isinstance(base, ast.Name) and (above := path_of(base.id, path)).startswith("nlu.components."):
            yield from bases_of(above)


def fields_of(path: str) -> set[str]:
    """The fields of a data class."""
    fields = (node.target for node in class_at(path).body if isinstance(node, ast.AnnAssign))
    return {field.id for field in fields if isinstance(field, ast.Name)}


def restorer_limits() -> RestorerLimits:
    """Those of the pipeline, for a DiacriticRestorer."""
    return RestorerLimits(**default_settings("nlu.components.normaliser.TextNormaliser")["diacritics"])


def typo_limits() -> TypoLimits:
    """Those of the pipeline, for a TypoCorrector."""
    return TypoLimits(**default_settings("nlu.components.normaliser.TextNormaliser")["typos"])
