"""A real PostgreSQL for tests and benchmarks: a cluster of their own, gone with them."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

START_SECONDS = 60

HASTE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings of a database that may be lost in a crash, as a test's mostly may."""


class NoPostgres(Exception):
    """There are no PostgreSQL programs here; says so in one sentence."""


EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
SET client_min_messages = warning;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""


@dataclass
class Cluster:
    """A server that only its own directory leads to.

    programs: where its version's programs are. account: who runs it and owns its databases.
    settings: beside PostgreSQL's own.
    """

    programs: Path
    directory: Path
    account: str
    settings: Mapping[str, str]
    _free: list[str] = field(default_factory=list)
    _server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its first process."""
        assert self._server
        return self._server.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            [self.programs / "postgres", "-D", self.directory / "data",
             "-c", "listen_addresses=", "-k", self.directory, *options],
            user=_other(self.account),
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait(self)

    def stop(self) -> None:
        """A fast shutdown: it does not wait for connections."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it as a crash does: at the next start it recovers from its log."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        if self._server:
            self._server.send_signal(number)
            self._server.wait(START_SECONDS)

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
def cluster(settings: Mapping[str, str] = HASTE) -> Iterator[Cluster]:
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
    try:
        _run(account, str(programs / "initdb"), "--no-sync", "--auth=trust", "--encoding=UTF8",
             "--username", account, "--pgdata", str(directory / "data"))  # fmt: skip
        made = Cluster(programs, directory, account, settings)
        try:
            made.start()
            yield made
        finally:
            made.stop()
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
