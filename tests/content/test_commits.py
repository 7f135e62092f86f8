"""Commits of content/ that leave everything else in the repository as it is."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from bot.content import git as git_module
from bot.content.commits import NotCommitted, Overtaken, Person, Repository, repository_of

EDITOR = Person("Nguyễn Thị Lan", "lan@example.org")


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=Git", "-c", "user.email=git@example.org", "-C", directory, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.rstrip("\n")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "dự án"
    (root / "content" / "city").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "content" / "city" / "a.yml").write_text("a: 1\n")
    (root / "code.py").write_text("code\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "First")
    found = repository_of(root / "content")
    assert found
    return found


def publish(repository: Repository, name: str, text: str, before: str | None = None) -> str:
    path = repository.root / "content" / "city" / name
    before = before or repository.blob(path)
    path.write_text(text)
    return repository.commit({path: (before, text.encode())}, EDITOR, f"Publish {name}")


def test_a_commit_has_the_editors_name_and_the_file_and_nothing_else(repository: Repository) -> None:
    commit = publish(repository, "a.yml", "a: 2\n")
    assert git(repository.root, "log", "-1", "--format=%H %an <%ae> %cn") == (
        f"{commit} Nguyễn Thị Lan <lan@example.org> Nguyễn Thị Lan"
    )
    assert git(repository.root, "show", "--format=", "--name-only", commit) == "content/city/a.yml"
    assert git(repository.root, "status", "--porcelain") == ""


def test_a_new_file_is_committed_and_the_work_tree_is_clean(repository: Repository) -> None:
    publish(repository, "b.yml", "b: 1\n")
    assert git(repository.root, "status", "--porcelain") == ""


def test_what_others_staged_or_changed_stays_as_it_is(repository: Repository) -> None:
    (repository.root / "code.py").write_text("staged\n")
    git(repository.root, "add", "code.py")
    (repository.root / "code.py").write_text("changed\n")
    commit = publish(repository, "a.yml", "a: 2\n")
    assert git(repository.root, "show", f"{commit}:code.py") == "code"
    assert git(repository.root, "status", "--porcelain") == "MM code.py"


def test_a_change_that_somebody_staged_in_the_same_file_stays_staged(repository: Repository) -> None:
    path = repository.root / "content" / "city" / "a.yml"
    path.write_text("staged: 1\n")
    git(repository.root, "add", str(path))
    publish(repository, "a.yml", "a: 2\n")
    assert git(repository.root, "show", ":content/city/a.yml") == "staged: 1"


def test_a_version_that_was_committed_meanwhile_is_not_overwritten(repository: Repository) -> None:
    path = repository.root / "content" / "city" / "a.yml"
    before = repository.blob(path)
    path.write_text("theirs: 1\n")
    git(repository.root, "commit", "-q", "-am", "Theirs")
    with pytest.raises(Overtaken):
        publish(repository, "a.yml", "a: 2\n", before)
    assert repository.text_at("HEAD", path) == "theirs: 1\n"


def test_a_commit_of_another_file_is_no_obstacle(repository: Repository) -> None:
    path = repository.root / "content" / "city" / "a.yml"
    before = repository.blob(path)
    (repository.root / "code.py").write_text("theirs\n")
    git(repository.root, "commit", "-q", "-am", "Theirs")
    publish(repository, "a.yml", "a: 2\n", before)
    assert git(repository.root, "show", "HEAD:code.py") == "theirs"


def test_in_the_middle_of_a_merge_nothing_is_committed(repository: Repository) -> None:
    git(repository.root, "checkout", "-q", "-b", "other")
    (repository.root / "code.py").write_text("other\n")
    git(repository.root, "commit", "-q", "-am", "Other")
    git(repository.root, "checkout", "-q", "main")
    (repository.root / "code.py").write_text("main\n")
    git(repository.root, "commit", "-q", "-am", "Main")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository.root, "merge", "other")
    head = git(repository.root, "rev-parse", "HEAD")
    with pytest.raises(NotCommitted, match="merge"):
        publish(repository, "a.yml", "a: 2\n")
    assert git(repository.root, "rev-parse", "HEAD") == head


def test_without_a_branch_and_before_the_first_commit_it_works_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "content" / "city").mkdir(parents=True)
    repository = repository_of(tmp_path)
    assert repository
    publish(repository, "a.yml", "a: 1\n")
    git(tmp_path, "checkout", "-q", "--detach")
    publish(repository, "a.yml", "a: 2\n")
    assert git(tmp_path, "show", "HEAD:content/city/a.yml") == "a: 2"


def test_of_two_who_commit_at_once_none_is_lost(repository: Repository) -> None:
    done: list[str] = []
    threads = [
        threading.Thread(
            target=lambda name=f"{n}.yml": done.append(publish(repository, name, f"{name}: 1\n"))
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    names = git(repository.root, "ls-tree", "--name-only", "-r", "HEAD", "content").splitlines()
    assert names == [f"content/city/{name}.yml" for name in ("0", "1", "2", "3", "a")]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (None, "git cannot be run: No such file or directory"),
        ("#!/bin/sh\necho 'fatal: no space left' >&2; exit 128", "git refused: fatal: no space left"),
        ("#!/bin/sh\nexec sleep 60", "git did not answer in time; try again"),
    ],
)
def test_why_git_commits_nothing_is_said_in_a_sentence(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str | None, said: str
) -> None:
    path = repository.root / "content" / "city" / "a.yml"
    before = repository.blob(path)
    programs = tmp_path / "programs"
    programs.mkdir()
    if program:
        (programs / "git").write_text(program)
        (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin" if program else str(programs))
    monkeypatch.setattr(git_module, "GIT_SECONDS", 0.5)
    with pytest.raises(NotCommitted, match=f"^{said}$"):
        repository.commit({path: (before, b"a: 2\n")}, EDITOR, "Publish")


def test_the_history_tells_who_changed_a_file(repository: Repository) -> None:
    publish(repository, "a.yml", "a: 2\n")
    path = repository.root / "content" / "city" / "a.yml"
    history = repository.history(path)
    assert [(change.author, change.subject) for change in history] == [
        ("Nguyễn Thị Lan", "Publish a.yml"),
        ("Git", "First"),
    ]
    assert repository.text_at(history[1].commit, path) == "a: 1\n"
    assert repository.text_at(history[1].commit, path.with_name("b.yml")) is None


def test_outside_a_repository_there_is_none(tmp_path: Path) -> None:
    assert repository_of(tmp_path) is None
