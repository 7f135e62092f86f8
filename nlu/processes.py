"""The processes of the Rasa side that run Rasa: one for each model, and trainings.

Each is forked by the standard library's fork server, which has everything imported (`preload`): a training
is warm and the next Rasa process is at hand without one standing by, and none keeps memory that another one
needs. None outlives the server.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

WITHOUT_MODEL = 3
"""The exit status of a Rasa process that cannot use its model."""

_context = multiprocessing.get_context("forkserver")
_one_at_a_time = threading.Lock()


def preload(modules: Sequence[str]) -> None:
    """Name what the fork server imports, once, before the first process is forked."""
    _context.set_forkserver_preload(list(modules))


def pipe() -> tuple[Connection, Connection]:
    """A pipe to a forked process: the end that receives, and the one that sends."""
    return _context.Pipe(duplex=False)


class ForkedProcess:
    """A forked process. ended: set once it has."""

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        self._process = _context.Process(target=_with_parent, args=(target, *arguments), daemon=True)
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Fork it; the first time that takes the seconds that the imports take."""
        try:
            await asyncio.to_thread(self._start)
        except BaseException:
            self.ended.set()
            raise
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, self._has_ended, loop)

    def _start(self) -> None:
        with _one_at_a_time:
            self._process.start()

    def _has_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._process.sentinel)
        self._process.join()
        self.ended.set()

    @property
    def how_it_ended(self) -> str:
        """In words."""
        if self.killed_by:
            return f"it was ended by {self.killed_by.name}"
        return f"it ended with status {self.status}"

    @property
    def status(self) -> int | None:
        """Its exit status, negative after a signal; None while it runs."""
        return self._process.exitcode

    @property
    def killed_by(self) -> signal.Signals | None:
        """The signal that ended it, if one did."""
        return signal.Signals(-self.status) if self.status and self.status < 0 else None

    def terminate(self) -> None:
        """Have it end in its own time."""
        if not self.ended.is_set():
            self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        if not self.ended.is_set():
            self._process.kill()


def _with_parent(target: Callable[..., None], *arguments: Any) -> None:
    """Run `target`, and not a moment longer than the server lives."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 only the fork server calls this
    # Forked processes share one command line; `ps` and `top` show them by this name.
    Path("/proc/self/comm").write_text(f"rasa{target.__name__}", encoding="ascii")

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    target(*arguments)
