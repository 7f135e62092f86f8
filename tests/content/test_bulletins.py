"""bulletins.yml: what is in it is served whole, or what was served before."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from bot.content.check import check
from bot.content.loading import load
from bot.domain.clock import VIETNAM
from tests.support.bulletins import ENTRY

NOW = datetime.datetime(2026, 11, 24, 9, tzinfo=VIETNAM)


@pytest.fixture
def directory(small_content: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "content"
    shutil.copytree(small_content, copy)
    return copy


def written(directory: Path, text: str) -> Path:
    (directory / "bulletins.yml").write_text(text, encoding="utf-8")
    return directory


def test_without_the_file_there_are_none(directory: Path) -> None:
    assert load(directory).library.published_bulletins() == []


def test_those_that_are_published_come_newest_first(directory: Path) -> None:
    later = ENTRY.replace("week-48", "week-49").replace("11-23", "11-24")
    ahead = ENTRY.replace("week-48", "week-50").replace("11-23", "11-25")
    draft = ENTRY.replace("week-48", "mine").replace("published", "draft")
    content = load(written(directory, ENTRY + later + ahead + draft), now=NOW)
    assert content.findings == []
    assert [one.id for one in content.library.published_bulletins()] == ["week-49", "week-48"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("status: published", "status: live"), "'draft' or 'published'"),
        (("    title: This week in Cần Thơ\n", ""), "title"),
        (("week-48", "Week 48"), "a bulletin is called by"),
        (("every: week", "every: day"), "'week' or 'by hand'"),
        (("    - culture.food", "    - nonsense"), "an id is"),
        (("2026-11-23", "yesterday"), "date"),
    ],
)
def test_a_mistake_is_named_and_the_version_before_is_served(
    directory: Path, change: tuple[str, str], problem: str
) -> None:
    served = load(written(directory, ENTRY), now=NOW)
    content = load(written(directory, ENTRY.replace(*change)), served, now=NOW)
    (finding,) = content.findings
    assert problem in str(finding)
    assert content.library.bulletins == served.library.bulletins
    assert load(directory, now=NOW).library.bulletins == {}


def test_another_text_is_another_version(directory: Path) -> None:
    plain = load(directory).library.digest
    first = load(written(directory, ENTRY)).library.digest
    second = load(written(directory, ENTRY.replace("new food", "newer food"))).library.digest
    assert len({plain, first, second}) == 3


def test_the_check_misses_an_answer_that_is_not_published(directory: Path) -> None:
    written(directory, ENTRY.replace("culture.food", "culture.gone"))
    found = [finding for finding in check(directory, NOW.date()) if finding.file.name == "bulletins.yml"]
    assert [(finding.key, finding.is_error) for finding in found] == [("week-48.answers.0", True)]


def test_a_file_of_nothing_is_no_mistake(directory: Path) -> None:
    content = load(written(directory, "# later\n"))
    assert (content.findings, content.library.bulletins) == ([], {})
