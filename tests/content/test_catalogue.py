"""An id that was published once leads somewhere for ever."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from bot.content.check import check
from bot.content.loading import load
from tests.support import ROOT
from tests.support.data import data_in

TODAY = datetime.date(2026, 11, 28)


@pytest.fixture
def content(small_content: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "content"
    shutil.copytree(small_content, directory)
    (directory / "catalogue.yml").write_text("culture:\n  food: Dishes\n  music: Music\n", encoding="utf-8")
    return directory


def lost(directory: Path) -> list[str]:
    """What the check says of the catalogue."""
    return [str(finding) for finding in check(directory, TODAY) if finding.file.name == "catalogue.yml"]


def test_an_answer_whose_file_is_gone_is_missed_with_its_line(content: Path) -> None:
    (content / "culture" / "music.yml").unlink()

    (finding,) = lost(content)

    assert "catalogue.yml:3: error" in finding
    assert "culture.music" in finding


def test_one_that_was_superseded_or_is_there_is_not(content: Path) -> None:
    assert lost(content) == []
    music, food = content / "culture" / "music.yml", content / "culture" / "food.yml"
    music.unlink()
    food.write_text(food.read_text("utf-8") + "supersedes: [culture.music]\n", encoding="utf-8")

    assert lost(content) == []


def test_a_catalogue_that_is_none_is_a_finding(content: Path) -> None:
    (content / "catalogue.yml").write_text("culture: [food]\n", encoding="utf-8")

    assert lost(content)


def test_every_answer_of_the_project_stands_in_its_catalogue() -> None:
    library = load(ROOT / "content").library
    topics = data_in(ROOT / "content" / "catalogue.yml")
    catalogued = {f"{topic}.{name}" for topic, names in topics.items() for name in names}

    assert set(library.answers) <= catalogued
