"""A process beside the service, on one machine: started, watched, never left behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from bot.log import describe

log = structlog.get_logger(__name__)

HUNG_SECONDS = 25.0
"""A child that has answered before and then does not for so long is killed; what it started ends with it.
It is back before the page, which waits a minute, gives up the questions that were asked meanwhile."""

STOP_SECONDS = 20.0
"""How long the child may take to end when its stdin closes: it ends its own Rasa first."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@asynccontextmanager
async def child(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    answers: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[None]:
    """The process runs, and is started again if it ends or hangs, while the context is open.

    It must end when its stdin does: that pipe closes however the bot dies, also by SIGKILL. On
    Linux the kernel sends it SIGTERM then, too.

    Args:
        name: for the log: `rasa_started`.
        arguments: program and arguments.
        environment: its own; the bot's if it is None.
        answers: whether it answers now; without it a process that hangs is not noticed.
    """
    watcher = asyncio.create_task(_keep_running(name, arguments, environment, answers))
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _keep_running(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None,
    answers: Callable[[], Awaitable[bool]] | None,
) -> None:
    pause = 1.0
    while True:
        started = asyncio.get_running_loop().time()
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=PIPE,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the bot, which ends the child when it has finished
                preexec_fn=_dies_with(os.getpid()),
            )
        except OSError as error:  # no memory or no descriptor just now, for example
            log.error(f"{name}_not_started", **describe(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, 30.0)
            continue
        log.info(f"{name}_started", pid=process.pid)
        watch = asyncio.create_task(_kill_if_hung(name, process, answers)) if answers else None
        try:
            status = await process.wait()
        finally:
            if watch:
                watch.cancel()
            await _stop(process)
        log.error(f"{name}_ended", status=status)
        if asyncio.get_running_loop().time() - started > 60:
            pause = 1.0
        await asyncio.sleep(pause)
        pause = min(2 * pause, 30.0)


async def _kill_if_hung(name: str, process: Process, answers: Callable[[], Awaitable[bool]]) -> None:
    """Kill a process that has answered once and then does not for HUNG_SECONDS."""
    answered: float | None = None
    while True:
        now = asyncio.get_running_loop().time()
        if await answers():
            answered = now
        elif answered is not None and now - answered > HUNG_SECONDS:
            log.error(f"{name}_hangs", pid=process.pid)
            with suppress(ProcessLookupError):
                process.kill()
            return
        await asyncio.sleep(HUNG_SECONDS / 12)


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
