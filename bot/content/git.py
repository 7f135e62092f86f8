"""The git repository in which content/ may be: its commit, by which a version is called."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bot.content.library import NAME_LENGTH, Commit

GIT_SECONDS = 10
"""How long a git command may take before it is given up."""


def commit_of(directory: Path) -> Commit | None:
    """The directory's commit; None without git, outside a repository, or before its first commit."""
    name = _git(directory, "log", "-1", f"--abbrev={NAME_LENGTH}", "--format=%h", "--", ".")
    if not name:
        return None
    status = _git(directory, "status", "--porcelain", "--untracked-files=all", "--", ".")
    return Commit(name, is_changed=status != "")


def git_files(directory: Path) -> list[Path]:
    """The files of the repository that change with each commit and checkout; none outside one."""
    found = _git(directory, "rev-parse", "--absolute-git-dir")
    return [Path(found, name) for name in ("HEAD", "index", "logs/HEAD")] if found else []


def _git(directory: Path, *arguments: str) -> str | None:
    """What a git command prints, without taking a lock; None if it fails."""
    try:
        return run_git(directory, "--no-optional-locks", *arguments).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def run_git(
    directory: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a git command prints, as text.

    Raises:
        As `run_git_for_bytes` does.
    """
    printed = run_git_for_bytes(directory, *arguments, stdin=stdin, environment=environment)
    return printed.decode("utf-8", "replace")  # git prints names of files as they are


def run_git_for_bytes(
    directory: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What a git command prints.

    Raises:
        subprocess.CalledProcessError: it fails; its stderr is there as text.
        subprocess.TimeoutExpired: it takes longer than GIT_SECONDS.
        OSError: there is no git.
    """
    # A hook of git's runs its commands with the repository in the environment.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        # The directory may belong to another user than this process's, as in a container.
        ["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "-C", str(directory), *arguments],
        input=stdin if stdin is not None else b"",
        capture_output=True,
        check=False,
        env={**clean, **(environment or {})},
        timeout=GIT_SECONDS,
    )
    if done.returncode:
        problem = done.stderr.decode("utf-8", "replace")
        raise subprocess.CalledProcessError(done.returncode, arguments[0], stderr=problem)
    return done.stdout
