"""A model's name changes with everything that it is made by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nlu.trainer import fingerprint as made_of
from tests.support import ROOT

MADE_BY = [
    "config.yml", "domain.yml", "stories/answers.yml", "nlu/must_pass.yml", "nlu/spelling.yml",
    "nlu/requirements.lock", "nlu/rasa_environment.py", "nlu/trainer/importer.py", "nlu/trainer/train.py",
    "nlu/trainer/validation.py", "nlu/runner/rasa_server.py",
    "nlu/components/encoder.py", "nlu/components/kernel_machine.py",
    "nlu/encoder/graph.py",
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("config.yml", "domain.yml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("nlu", "stories"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "nlu.encoder.identity.name", lambda: "an encoder"
    )  # there is none in the bot's Python
    return tmp_path


def fingerprint(files: dict[str, str]) -> str:
    """As a process that has just begun would find it."""
    made_of._code.cache_clear()
    try:
        return made_of.fingerprint(files)
    finally:
        made_of._code.cache_clear()


@pytest.mark.parametrize("name", MADE_BY)
def test_a_change_of_what_makes_a_model_changes_its_name(project: Path, name: str) -> None:
    if name == "stories/answers.yml":
        name = str(next((project / "stories").glob("*.yml")).relative_to(project))
    before = fingerprint({"answers.yml": "nlu: []"})
    assert fingerprint({"answers.yml": "nlu: []"}) == before
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("\n# another line\n")
    assert fingerprint({"answers.yml": "nlu: []"}) != before


def test_so_does_a_change_of_what_is_taught(project: Path) -> None:
    assert fingerprint({"answers.yml": "nlu: []"}) != fingerprint({"answers.yml": "nlu: [] "})


def test_so_does_another_encoder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint({})
    monkeypatch.setattr("nlu.encoder.identity.name", lambda: "another encoder")
    assert fingerprint({}) != before


def test_so_does_another_python(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint({})
    monkeypatch.setattr("platform.python_version", lambda: "3.10.99")
    assert fingerprint({}) != before
