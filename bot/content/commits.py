"""Commits of content/ that leave everything else in the repository as it is.

By git's plumbing with an index of its own, so that what somebody has staged is neither taken along nor
lost; the branch moves only from the commit that was looked at (compare and swap), so that two writers never
lose a change.
"""

from __future__ import annotations

import datetime
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.content.git import run_git

TRIES = 5
"""Tries to commit while others do."""

_NOTHING = "0" * 40
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""Files of a repository in which somebody is in the middle of something."""


class NotCommitted(Exception):
    """There is no commit; says why, and what to do. Nothing was changed in the repository."""


class Overtaken(NotCommitted):
    """Somebody committed another version of the same file meanwhile."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose change it is."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that changed a file."""

    commit: str
    author: str
    at: datetime.datetime
    subject: str


class Repository:
    """The git repository that a directory lies in."""

    def __init__(self, root: Path) -> None:
        """`root` is the top of the work tree; see `repository_of`."""
        self.root = root

    def text_at(self, commit: str, path: Path) -> str | None:
        """A file as it was in a commit; None if it was not there."""
        try:
            return self._git("cat-file", "blob", f"{commit}:{self._name(path)}", is_stripped=False)
        except subprocess.CalledProcessError:
            return None

    def history(self, path: Path, most: int = 100) -> list[Change]:
        """The commits that changed a file, the newest first."""
        try:
            lines = self._git(
                "log", f"-{most}", "--format=%H%x00%an%x00%aI%x00%s", "--", self._name(path)
            ).splitlines()
        except subprocess.CalledProcessError:  # before the first commit
            return []
        changes = []
        for line in lines:
            commit, author, at, subject = line.split("\0", 3)
            changes.append(Change(commit, author, datetime.datetime.fromisoformat(at), subject))
        return changes

    def blob(self, path: Path) -> str:
        """The name of a file's content in the last commit; zeros if it is not in it."""
        try:
            return self._git("rev-parse", "--verify", "--quiet", f"HEAD:{self._name(path)}")
        except subprocess.CalledProcessError:
            return _NOTHING

    def commit(self, files: Mapping[Path, tuple[str, bytes]], person: Person, message: str) -> str:
        """Commit new versions of files, and nothing else.

        Args:
            files: by path, what `blob` said when the change began, and the new content.
            person: author and committer.
            message: of the commit.

        Returns:
            The commit's name.

        Raises:
            Overtaken: a file was committed in another version since `blob` was asked.
            NotCommitted: somebody is in the middle of a merge or the like, or git fails.
        """
        try:
            return self._commit(files, person, message)
        except subprocess.TimeoutExpired as error:
            raise NotCommitted("git did not answer in time; try again") from error
        except subprocess.CalledProcessError as error:
            raise NotCommitted(f"git refused: {(error.stderr or '').strip()[:300]}") from error
        except OSError as error:
            raise NotCommitted(f"git cannot be run: {error.strerror}") from error

    def _commit(self, files: Mapping[Path, tuple[str, bytes]], person: Person, message: str) -> str:
        self._check_nothing_under_way()
        blobs = {
            self._name(path): (before, self._git("hash-object", "-w", "--stdin", stdin=content))
            for path, (before, content) in files.items()
        }
        branch = self._branch()
        for _ in range(TRIES):
            head = self._head()
            for path, (before, _content) in files.items():
                if self.blob(path) != before:
                    raise Overtaken(f"{path.name} was committed in another version meanwhile")
            commit = self._commit_on(head, blobs, person, message)
            try:
                self._git(
                    "update-ref", "-m", f"commit: {message.splitlines()[0]}", branch, commit, head or _NOTHING
                )
            except subprocess.CalledProcessError:  # somebody else's commit came first
                continue
            self._follow(blobs)
            return commit
        raise NotCommitted("others commit all the time; try again")

    def _check_nothing_under_way(self) -> None:
        directory = Path(self._git("rev-parse", "--absolute-git-dir"))
        if any((directory / name).exists() for name in _UNDER_WAY):
            raise NotCommitted(
                "somebody is in the middle of a merge in this repository; it has to be finished first"
            )

    def _commit_on(
        self, head: str | None, blobs: Mapping[str, tuple[str, str]], person: Person, message: str
    ) -> str:
        with tempfile.TemporaryDirectory() as directory:
            index = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
            if head:
                self._git("read-tree", head, environment=index)
            for name, (_, blob) in blobs.items():
                self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", environment=index)
            tree = self._git("write-tree", environment=index)
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", person.name), ("EMAIL", person.email))
        }
        parents = ["-p", head] if head else []
        return self._git("commit-tree", tree, *parents, stdin=message.encode(), environment=who)

    def _follow(self, blobs: Mapping[str, tuple[str, str]]) -> None:
        """Let the shared index have the new versions of files in which nobody had staged a change: else git
        would take the commit for a change that is to be undone."""
        for name, (before, blob) in blobs.items():
            try:
                staged = self._git("ls-files", "--stage", "--", name)
                is_untouched = staged.split()[1] == before if staged else before == _NOTHING
                if is_untouched:
                    self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
            except subprocess.SubprocessError:  # somebody holds the index; the commit stands
                return

    def _head(self) -> str | None:
        try:
            return self._git("rev-parse", "--verify", "--quiet", "HEAD")
        except subprocess.CalledProcessError:
            return None

    def _branch(self) -> str:
        try:
            return self._git("symbolic-ref", "--quiet", "HEAD")
        except subprocess.CalledProcessError:  # no branch is checked out
            return "HEAD"

    def _name(self, path: Path) -> str:
        return path.resolve().relative_to(self.root).as_posix()

    def _git(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        is_stripped: bool = True,
    ) -> str:
        printed = run_git(self.root, *arguments, stdin=stdin, environment=environment)
        return printed.strip() if is_stripped else printed


def repository_of(directory: Path) -> Repository | None:
    """The repository that a directory lies in; None if in none, or if there is no git."""
    try:
        top = run_git(directory, "rev-parse", "--show-toplevel").strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return Repository(Path(top).resolve()) if top else None
