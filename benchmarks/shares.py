"""Shares of a processor for processes, by control groups of version 1 or 2, as root.

https://docs.kernel.org/scheduler/sched-bwc.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PERIOD = 50_000
"""Microseconds in which a group may use its share; when it has, it waits for the next."""

_V1, _V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
_END_SECONDS = 10.0


class NoShares(Exception):
    """There are no control groups here; says why in one sentence."""


@dataclass(frozen=True)
class Share:
    """A group of processes. directory: of its files."""

    directory: Path
    is_v2: bool

    def add(self, *pids: int) -> None:
        """Put processes into it; those that they start later are in it, too."""
        for pid in pids:
            with suppress(ProcessLookupError):
                (self.directory / "cgroup.procs").write_text(str(pid))

    def limit(self, share: float | None) -> None:
        """How much of one core it gets; None: as much as there is."""
        quota = round(share * PERIOD) if share else None
        if self.is_v2:
            (self.directory / "cpu.max").write_text(f"{quota or 'max'} {PERIOD}")
        else:
            (self.directory / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self.directory / "cpu.cfs_quota_us").write_text(str(quota or -1))


@contextmanager
def shares() -> Iterator[Callable[[str], Share]]:
    """What makes a group of a name. Each gets its share whatever else the machine does; in the end all
    processes are put back.

    Raises:
        NoShares: there are none here.
    """
    is_v2 = (_V2 / "cgroup.controllers").exists()
    root = _V2 if is_v2 else _V1
    top = root / f"shares-{os.getpid()}"
    try:
        top.mkdir()
        (top / ("cpu.weight" if is_v2 else "cpu.shares")).write_text("10000" if is_v2 else "262144")
        if is_v2:
            (top / "cgroup.subtree_control").write_text("+cpu")
    except OSError as error:
        raise NoShares(f"control groups cannot be had here; they need root ({error}).") from error
    made = []

    def make(name: str) -> Share:
        share = Share(top / name, is_v2)
        share.directory.mkdir()
        made.append(share)
        return share

    try:
        yield make
    finally:
        for share in made:
            Share(root, is_v2).add(*map(int, (share.directory / "cgroup.procs").read_text().split()))
            _remove(share.directory)
        _remove(top)


def _remove(directory: Path) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while True:  # a process that has just ended is still counted for a moment
        try:
            directory.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
