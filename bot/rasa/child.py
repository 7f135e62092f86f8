"""The Rasa side as a child of the bot, on one machine: started, watched, never left behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import structlog

from bot.domain.errors import UserError
from bot.log import describe
from bot.rasa.client import connection
from bot.settings import Settings

log = structlog.get_logger(__name__)

PYTHON = Path(".venv-rasa/bin/python")
SERVER = Path("nlu/server.py")

HUNG_SECONDS = 25.0
"""A child that has answered before and then does not for so long is killed; what it started ends with it.
It is back before the page, which waits a minute, gives up the questions that were asked meanwhile."""

INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONUNBUFFERED",
)
INHERITED_WITH = ("OPENBLAS_", "OMP_", "GOMP_", "RASA_")
"""What the child has of the bot's environment: names, and beginnings of names. No secret but its token."""

FREE_SECONDS = 10.0
"""How long the child's port may be taken when the bot starts."""

STOP_SECONDS = 20.0
"""How long the child may take to end when its stdin closes: it ends its own Rasa first."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class RasaNotStarted(UserError):
    """The Rasa side cannot be started; says what to do."""


def command(port: int) -> list[str]:
    """How the Rasa side is started from the project's directory.

    Raises:
        RasaNotStarted: its environment is not there.
    """
    for needed in (PYTHON, SERVER):
        if not needed.exists():
            raise RasaNotStarted(
                f"{needed} is missing: run `make run`, or set RASA_URL to a Rasa side that runs."
            )
    return [str(PYTHON), str(SERVER), "--port", str(port), "--child"]


def environment(token: str) -> dict[str, str]:
    """What the Rasa side gets to know of the bot's environment, and its token."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.startswith(INHERITED_WITH)
    }
    return {**inherited, "RASA_TOKEN": token}


@asynccontextmanager
async def rasa_side(settings: Settings) -> AsyncIterator[None]:
    """The Rasa side runs while the context is open.

    Raises:
        RasaNotStarted: it cannot be started.
    """
    port = settings.rasa_port
    arguments = command(port)
    await _until_free(port)
    async with connection(settings, 5) as http:

        async def answers() -> bool:
            with suppress(httpx.TransportError):
                return bool(await http.get("/status"))
            return False

        async with child(arguments, environment(settings.rasa_token.get_secret_value()), answers):
            yield


async def _until_free(port: int) -> None:
    """Wait for a port that the child of a bot that was just killed may hold for a moment still.

    Raises:
        RasaNotStarted: it stays taken.
    """
    deadline = asyncio.get_running_loop().time() + FREE_SECONDS
    while True:
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return
        except OSError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise RasaNotStarted(
                    f"Port {port} of the setting RASA_PORT is taken ({error.strerror}), perhaps by another"
                    " bot: each needs one of its own."
                ) from error
        await asyncio.sleep(0.2)


@asynccontextmanager
async def child(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    answers: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[None]:
    """The process runs, and is started again if it ends or hangs, while the context is open.

    It must end when its stdin does: that pipe closes however the bot dies, also by SIGKILL. On
    Linux the kernel sends it SIGTERM then, too.

    Args:
        arguments: program and arguments.
        environment: its own; the bot's if it is None.
        answers: whether it answers now; without it a process that hangs is not noticed.
    """
    watcher = asyncio.create_task(_keep_running(arguments, environment, answers))
    try:
        yield
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _keep_running(
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
            log.error("rasa_not_started", **describe(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, 30.0)
            continue
        log.info("rasa_started", pid=process.pid)
        watch = asyncio.create_task(_kill_if_hung(process, answers)) if answers else None
        try:
            status = await process.wait()
        finally:
            if watch:
                watch.cancel()
            await _stop(process)
        log.error("rasa_ended", status=status)
        if asyncio.get_running_loop().time() - started > 60:
            pause = 1.0
        await asyncio.sleep(pause)
        pause = min(2 * pause, 30.0)


async def _kill_if_hung(process: Process, answers: Callable[[], Awaitable[bool]]) -> None:
    """Kill a process that has answered once and then does not for HUNG_SECONDS."""
    answered: float | None = None
    while True:
        now = asyncio.get_running_loop().time()
        if await answers():
            answered = now
        elif answered is not None and now - answered > HUNG_SECONDS:
            log.error("rasa_hangs", pid=process.pid)
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
