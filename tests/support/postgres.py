"""A real PostgreSQL for the tests: a cluster of their own, gone with them."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

START_SECONDS = 60

# A test's database may be lost in a power cut.
HASTE = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")


class NoPostgres(Exception):
    """There are no PostgreSQL programs here; says so in one sentence."""


EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""


@dataclass(frozen=True)
class Cluster:
    """A running server that only its own directory leads to.

    programs: where its version's programs are. account: who runs it and owns its databases.
    """

    programs: Path
    directory: Path
    account: str
    _free: list[str] = field(default_factory=list)

    def run(self, program: str, *arguments: str) -> str:
        """What one of its programs prints."""
        return _run(self.account, str(self.programs / program), "--host", str(self.directory), *arguments)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The DATABASE_URL of an empty database while the context is open; then it is emptied for others.

        To make and to remove one for each test would take longer than the tests.
        """
        if not self._free:
            name = f"test_{next(_numbers)}"
            self.run("createdb", "--template", "template0", name)
            self._free.append(name)
        name = self._free.pop()
        yield f"postgresql+asyncpg://{self.account}@/{name}?host={self.directory}"
        self.run("psql", "--quiet", "--dbname", name, "--output", os.devnull, "--command", EMPTY)
        self._free.append(name)


_numbers = count()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new cluster runs while the context is open.

    PostgreSQL refuses root, so tests that run as root start it as an ordinary user.

    Raises:
        NoPostgres: it is not installed.
    """
    programs, account = _programs(), _account()
    # Not below pytest's own directory, which nobody else may enter.
    directory = Path(tempfile.mkdtemp(prefix="hoi-can-tho-postgres-"))
    if account != getpass.getuser():
        shutil.chown(directory, account)
    data = directory / "data"
    try:
        _run(account, str(programs / "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8",
             "--username", account, "--pgdata", str(data))  # fmt: skip
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-c", "listen_addresses=", "-k", directory, *HASTE],
            user=_other(account),
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            started = Cluster(programs, directory, account)
            _wait(started)
            yield started
        finally:
            server.send_signal(2)  # a fast shutdown: it does not wait for connections
            server.wait(START_SECONDS)
    finally:
        shutil.rmtree(directory)


def _programs() -> Path:
    """Debian keeps each version's programs apart; elsewhere they are on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise NoPostgres("PostgreSQL is not installed here (no initdb): apt-get install postgresql.")


def _account() -> str:
    if os.geteuid() != 0:
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _other(account: str) -> str | None:
    return None if account == getpass.getuser() else account


def _run(account: str, *command: str) -> str:
    done = subprocess.run(command, user=_other(account), cwd="/", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _wait(started: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            started.run("pg_isready", "--quiet")
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # between two looks at a condition
        else:
            return
