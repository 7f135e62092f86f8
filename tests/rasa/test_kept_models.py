"""A model that is kept answers under newer code, until the one that is made anew takes over.

kept_models/ holds one that was made of the few examples of `make_project` and the answers FIRST, by the code
of 2026-11-28, and compressed. Whoever gives up such models (a new scikit-learn may) makes another one.
"""

from __future__ import annotations

import ast
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.data import data_in
from tests.support.rasa_side import BRIDGE, FOOD, WITH_BRIDGE, make_project, rasa_side

KEPT = ROOT / "tests" / "rasa" / "kept_models"
NAME = "0c9ece538b96"

CLASSES = {
    "nlu.components.key_reader.KeyReader",
    "nlu.components.other_languages.OtherLanguages",
    "nlu.components.language.LanguageIdentifier",
    "nlu.components.normaliser.TextNormaliser",
    "nlu.components.encoder.SentenceEncoder",
    "nlu.components.other_language_classifier.OtherLanguageClassifier",
    "nlu.components.classifier.AnswerClassifier",
    "nlu.components.ward_reader.WardReader",
    "nlu.components.facet_reader.FacetReader",
    "nlu.components.one_reply_policy.OneReplyPolicy",
    "nlu.components.plan_generator.PlanGenerator",
    "nlu.components.tracker_store.PrivateTrackerStore",
    "nlu.components.rest_channel.ForgettingRestInput",
}
"""By these paths models and settings name our classes."""

PICKLED = {
    "nlu.components.acceptance": {"Acceptance", "_Regression"},
    "nlu.components.classifier": {"Thresholds"},
    "nlu.components.facet_reader": {"Vocabulary"},
    "nlu.components.features": {"SideBySide", "TextClassifier", "_Counter"},
    "nlu.components.forms": {"fold"},
    "nlu.components.kernel_machine": {"KernelMachine"},
}
"""And by these what they learned is pickled."""


def named(value: Any) -> Iterator[str]:
    """The paths of our classes in a tree of settings."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from named(key)
            yield from named(part)
    elif isinstance(value, list):
        for part in value:
            yield from named(part)
    elif isinstance(value, str) and value.startswith("nlu.components."):
        yield value


def defined(module: str) -> set[str]:
    """The classes and functions at the top of a module."""
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}


def test_the_settings_name_our_classes_as_kept_models_do() -> None:
    files = ("config.yml", "endpoints.yml", "credentials.yml")
    settings = [data_in(ROOT / file) for file in files]
    assert set(named(settings)) == CLASSES


def test_a_kept_models_own_list_of_components_is_among_them() -> None:
    with tarfile.open(KEPT / f"{NAME}.tar.gz") as archive:
        metadata = next(member for member in archive.getmembers() if member.name.endswith("metadata.json"))
        content = archive.extractfile(metadata)
        assert content
        nodes = json.load(content)["predict_schema"]["nodes"]
    components = {node["uses"] for node in nodes.values() if node["uses"].startswith("nlu.")}
    assert components
    assert components <= CLASSES


@pytest.mark.parametrize("path", sorted(CLASSES))
def test_each_class_is_where_it_is_named(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert name in defined(module)


@pytest.mark.parametrize("module", PICKLED)
def test_what_is_pickled_is_where_it_was(module: str) -> None:
    assert PICKLED[module] <= defined(module)


@pytest.mark.rasa
async def test_a_model_that_other_code_made_answers_while_the_new_one_is_made(tmp_path: Path) -> None:
    make_project(tmp_path)
    shutil.copytree(KEPT, tmp_path / "models")
    async with rasa_side(tmp_path) as side:
        new = await side.put(WITH_BRIDGE)
        status = await side.until(lambda status: status["model"] and status["training"])
        assert status["model"] == NAME
        assert await side.answer(FOOD[0]) == "culture.food"
        await side.until(lambda status: status["model"] == new)
        assert await side.answer(BRIDGE[0]) == "city.bridge"
    assert not list((tmp_path / "models").glob("*.damaged"))
