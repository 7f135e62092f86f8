"""Reads a picture in a process of its own, which has little to do harm with and is over after ten seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path

import structlog

import bot
from bot.reading import limits, process

log = structlog.get_logger(__name__)

_COMMAND = (sys.executable, "-m", process.__name__)
_ENVIRONMENT = {
    "PATH": os.defpath + ":/usr/local/bin",
    "PYTHONPATH": str(Path(bot.__file__).parents[1]),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_THREAD_LIMIT": "1",  # of Tesseract, which else takes every processor
}
"""All that the process is told: none of the bot's settings, which have secrets among them."""


class NotRead(Exception):
    """The picture was not read: it is none that is opened here, or reading it took too long or failed."""


async def read(data: bytes) -> str:
    """What stands in a picture, a line for each of its lines; nothing if there are no words in it.

    Raises:
        NotRead: it cannot be read, now or later.
    """
    if not 0 < len(data) <= limits.BYTES_MOST:
        raise NotRead("no bytes, or too many")
    child = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd="/", env=_ENVIRONMENT, start_new_session=True
    )
    try:
        async with asyncio.timeout(limits.SECONDS_MOST):
            words, _ = await child.communicate(data)
    except TimeoutError as error:
        raise NotRead("it took too long") from error
    finally:
        await _end(child)
    if child.returncode != 0:
        log.info("picture_not_read", status=child.returncode, bytes=len(data))
        raise NotRead("refused" if child.returncode == process.REFUSED else "reading it failed")
    return words.decode("utf-8", "replace")


async def _end(child: Process) -> None:
    """End the process and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
