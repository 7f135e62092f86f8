"""The Rasa side as a child of the bot, on one machine: started, watched, never left behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

PYTHON = Path(".venv-rasa/bin/python")
SERVER = Path("nlu/server.py")

STOP_SECONDS = 20.0
"""How long the child may take to end when its stdin closes: it ends its own Rasa first."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class NoRasa(Exception):
    """The Rasa side cannot be started; says what to do."""


def command(port: int) -> list[str]:
    """How the Rasa side is started from the project's directory.

    Raises:
        NoRasa: its environment is not there.
    """
    for needed in (PYTHON, SERVER):
        if not needed.exists():
            raise NoRasa(f"{needed} is missing: run `make run`, or set RASA_URL to a Rasa side that runs.")
    return [str(PYTHON), str(SERVER), "--port", str(port), "--child"]


@asynccontextmanager
async def child(arguments: Sequence[str]) -> AsyncIterator[None]:
    """The process runs, and is started again if it ends, while the context is open.

    It must end when its stdin does: that pipe closes however the bot dies, also by SIGKILL. On
    Linux the kernel sends it SIGTERM then, too.
    """
    watcher = asyncio.create_task(_keep_running(arguments))
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _keep_running(arguments: Sequence[str]) -> None:
    pause = 1.0
    while True:
        started = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=PIPE,
            start_new_session=True,  # Ctrl-C is for the bot, which ends the child when it has finished
            preexec_fn=_dies_with(os.getpid()),
        )
        log.info("rasa_started", pid=process.pid)
        try:
            status = await process.wait()
        finally:
            await _stop(process)
        log.error("rasa_ended", status=status)
        if asyncio.get_running_loop().time() - started > 60:
            pause = 1.0
        await asyncio.sleep(pause)
        pause = min(2 * pause, 30.0)


async def _stop(process: Process) -> None:
    if process.stdin:
        process.stdin.close()
    for act in (process.terminate, process.kill):
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
            return
        with suppress(ProcessLookupError):
            act()
    await process.wait()


def _dies_with(parent: int) -> Callable[[], None] | None:
    """What the child does before its program starts, so that the kernel ends it with its parent.

    It only calls into libc: other threads of the parent may have held locks when it was forked.
    """
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def before_program() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it could be watched
            os._exit(1)

    return before_program
