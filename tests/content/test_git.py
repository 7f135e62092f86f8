"""The served version is named, so that each reply can be traced to the words it was made from."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.content.watcher import ContentWatcher
from tests.support.content import change, until, watched


@pytest.fixture
def content(tmp_path: Path, small_content: Path) -> Path:
    return Path(shutil.copytree(small_content, tmp_path / "project" / "content"))


def git(content: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=An editor", "-c", "user.email=editor@example.org")
    environment = {"PATH": os.environ["PATH"], "HOME": str(content)}
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=content,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def commit(content: Path) -> str:
    """Commit everything; the commit's name as the bot shows it."""
    git(content, "add", "-A")
    git(content, "commit", "-qm", "A change")
    return git(content, "rev-parse", "HEAD")[:12]


@pytest.fixture
async def repository(content: Path) -> Path:
    """content/ as a folder of a project in git."""
    git(content.parent, "init", "-q")
    commit(content)
    return content


@pytest.fixture
async def watcher(repository: Path, last_good: Path) -> AsyncIterator[ContentWatcher]:
    async with watched(repository, last_good) as watcher:
        yield watcher


def test_outside_a_repository_it_is_named_by_what_it_says(content: Path, tmp_path: Path) -> None:
    def version() -> str:
        return ContentWatcher(content, last_good=tmp_path / "last_good").library().version

    first = version()
    assert len(first) == 12
    change(content / "culture" / "food.yml", "Title of food", "Dishes")
    assert version() != first
    change(content / "culture" / "food.yml", "Dishes", "Title of food")
    assert version() == first


@pytest.mark.slow
async def test_in_a_repository_it_is_named_by_the_commit(watcher: ContentWatcher, repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")[:12]
    assert watcher.library().version == first

    change(repository / "culture" / "food.yml", "Title of food", "Dishes")
    await until(lambda: watcher.library().version != first)
    assert watcher.library().version == f"{first}+{watcher.library().digest}"

    second = commit(repository)
    await until(lambda: watcher.library().version == second)


async def test_a_commit_elsewhere_in_the_project_changes_no_version(
    watcher: ContentWatcher, repository: Path, tmp_path: Path
) -> None:
    before = watcher.library().version
    write(repository.parent / "code.py")
    commit(repository.parent)
    assert ContentWatcher(repository, last_good=tmp_path / "last_good").library().version == before


async def test_a_committed_slip_is_not_what_is_served(watcher: ContentWatcher, repository: Path) -> None:
    change(repository / "culture" / "food.yml", "status: published", "status: publishd")
    name = commit(repository)
    await until(lambda: watcher.library().version.startswith(name))
    assert watcher.library().version == f"{name}+{watcher.library().digest}"


async def test_another_branch_that_is_checked_out_is_served(
    watcher: ContentWatcher, repository: Path
) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    change(repository / "culture" / "food.yml", "Title of food", "Dishes")
    change(repository / "culture" / "music.yml", "Title of music", "Songs")
    name = commit(repository)
    git(repository, "checkout", "-q", "-")
    await until(lambda: watcher.library().answers["culture.food"].en.title == "Title of food")
    git(repository, "checkout", "-q", "other")
    await until(lambda: watcher.library().version == name)
    assert watcher.library().answers["culture.food"].en.title == "Dishes"


def write(file: Path) -> None:
    file.write_text("print('hello')\n", encoding="utf-8")
