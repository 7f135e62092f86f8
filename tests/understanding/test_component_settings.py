"""Every setting of a component does something, and what config.yml and endpoints.yml set is a setting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.components import bases_of, default_settings, fields_of, module_of, path_of
from tests.support.data import data_in

PIPELINE: dict[str, dict[str, Any]] = {
    entry["name"]: {key: value for key, value in entry.items() if key != "name"}
    for entry in data_in(ROOT / "config.yml")["pipeline"]
}
SCORES = "nlu.components.context.Scores"
GENERATOR = "nlu.components.plan_generator.PlanGenerator"


def nodes(path: str) -> Iterator[ast.AST]:
    """All of the modules of a component and of those that it is made from."""
    for base in bases_of(path):
        yield from ast.walk(module_of(base))


def is_config(node: ast.AST) -> bool:
    return ast.unparse(node) in {"config", "self._config"}


def strings(node: ast.AST) -> set[str]:
    return {
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def read_settings(path: str) -> set[str]:
    """The settings that a component reads."""
    found = (node for node in nodes(path) if isinstance(node, ast.Subscript) and is_config(node.value))
    return {name for node in found for name in strings(node.slice)}


def read_keys(path: str) -> set[str]:
    """Everything that a component looks up by its name in anything."""
    keys: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Subscript):
            keys |= strings(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            keys |= strings(node.args[0])
    return keys


def handed_on(path: str) -> dict[str, str]:
    """The settings that a component hands on as a whole, each with the path of the data class that takes
    them: `Kernel(**config["kernel"])`."""
    found = {}
    for base in bases_of(path):
        for call in ast.walk(module_of(base)):
            for keyword in call.keywords if isinstance(call, ast.Call) else ():
                if keyword.arg is None and isinstance(keyword.value, ast.Subscript):
                    assert isinstance(call, ast.Call)
                    assert isinstance(call.func, ast.Name)
                    assert is_config(keyword.value.value)
                    found[ast.literal_eval(keyword.value.slice)] = path_of(call.func.id, base)
    return found


def inner_names(settings: dict[str, Any]) -> set[str]:
    """The names in a setting that has several, at whatever depth; not the labels that they are of."""
    names: set[str] = set()
    for name, value in settings.items():
        if isinstance(value, dict):
            names |= inner_names(value)
        elif not isinstance(value, list):  # labels beside a label
            names.add(name)
    return names


@pytest.mark.parametrize("path", PIPELINE)
def test_every_setting_is_read_and_what_is_read_is_a_setting(path: str) -> None:
    assert read_settings(path) == set(default_settings(path))


@pytest.mark.parametrize("path", PIPELINE)
def test_so_is_every_one_in_a_setting_that_has_several(path: str) -> None:
    settings, taken = default_settings(path), handed_on(path)
    for name, of_class in taken.items():
        assert set(settings[name]) == fields_of(of_class)
    several = [value for name, value in settings.items() if isinstance(value, dict) and name not in taken]
    for value in several:
        assert inner_names(value) <= read_keys(path)


@pytest.mark.parametrize("path", PIPELINE)
def test_what_config_yml_sets_is_a_setting(path: str) -> None:
    settings = default_settings(path)
    assert set(PIPELINE[path]) <= set(settings)
    for name, value in PIPELINE[path].items():
        if isinstance(value, dict) and settings[name]:
            assert set(value) <= set(settings[name])


def test_every_score_of_the_plan_generator_is_read_and_what_endpoints_yml_sets_is_one() -> None:
    attributes = {
        node.attr
        for path in (SCORES, GENERATOR)
        for node in ast.walk(module_of(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "scores"
    }
    assert fields_of(SCORES) <= attributes
    assert set(data_in(ROOT / "endpoints.yml")["nlg"]) - {"type"} <= fields_of(SCORES)
