"""The git repository in which content/ may be: its commit, by which a version is called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bot.content.library import NAME_LENGTH, Commit

GIT_SECONDS = 10


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
    """What a git command prints; None if it fails."""
    # A hook of git's runs its commands with the repository in the environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(directory), *arguments],
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",  # git prints names of files as they are
            env=environment,
            timeout=GIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
