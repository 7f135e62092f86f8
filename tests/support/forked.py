"""Starts the bot's commands, forked from a process that has imported what they need.

A run of the tests starts some hundred and fifty of them, and importing is most of what each does before it
serves or prints. It is the same program: tests/test_app.py starts it from nothing, too.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.support import ROOT

STRICT = (
    "-W", "error",
    # asyncio leaves a connection that is given up while it is being made to the collector of garbage.
    "-W", "ignore:unclosed transport:ResourceWarning", "-W", "ignore:unclosed <socket:ResourceWarning",
)  # fmt: skip
"""How Python runs them: what it warns of is an error."""


class Forked:
    """A process, with what asyncio.subprocess.Process has of it."""

    def __init__(
        self,
        pid: int,
        status: asyncio.StreamReader,
        stdin: asyncio.StreamWriter | None,
        stdout: asyncio.StreamReader | None,
        stderr: asyncio.StreamReader | None,
    ) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, stderr
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(status))

    async def _end(self, status: asyncio.StreamReader) -> int:
        self.returncode = int(await status.readline())
        if self.stdin:
            self.stdin.close()
        return self.returncode

    async def wait(self) -> int:
        """Its exit status, once it has ended; negative after a signal."""
        return await asyncio.shield(self._ended)

    async def communicate(self, typed: bytes = b"") -> tuple[bytes, bytes]:
        """What it writes until it ends, told all that is typed."""
        if self.stdin:
            self.stdin.write(typed)
            self.stdin.close()
        out, err, _ = await asyncio.gather(_all(self.stdout), _all(self.stderr), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        """Signal it, if it still runs."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


async def start(
    *command: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
) -> Forked:
    """`python -m` a command. stdin, stdout, stderr: PIPE, else nothing to read, and those of the tests."""
    sys.audit("subprocess.Popen", command[0], command, str(cwd), dict(env))
    ours: list[int] = []
    theirs: list[int] = []
    for number, wanted in enumerate((stdin, stdout, stderr)):
        if wanted == asyncio.subprocess.PIPE:
            read, write = os.pipe()
            ours.append(write if number == 0 else read)
            theirs.append(read if number == 0 else write)
        else:
            theirs.append(os.open(os.devnull, os.O_RDWR) if number == 0 else os.dup(number))
    status, told = os.pipe()
    request = json.dumps({"arguments": command, "cwd": str(cwd), "env": dict(env)})
    forking = asyncio.ensure_future(asyncio.to_thread(_fork, request.encode(), [*theirs, told], status))
    try:
        pid = await asyncio.shield(forking)
    except asyncio.CancelledError:  # nobody would end it
        os.kill(await forking, signal.SIGKILL)
        for file in (*ours, status):
            os.close(file)
        raise
    streams = iter(ours)
    writer = await _writer(next(streams)) if stdin == asyncio.subprocess.PIPE else None
    out = await _reader(next(streams)) if stdout == asyncio.subprocess.PIPE else None
    err = await _reader(next(streams)) if stderr == asyncio.subprocess.PIPE else None
    return Forked(pid, await _reader(status), writer, out, err)


_one_at_a_time = threading.Lock()


def _fork(request: bytes, files: Sequence[int], status: int) -> int:
    """The process that it becomes, to which the files go; the first has to wait for what is imported."""
    with _one_at_a_time:
        try:
            socket.send_fds(_fork_server(), [request], files)
        finally:  # else the end of the server would not be the end of what `status` reads
            for file in files:
                os.close(file)
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(status, 1)
            assert byte, "the process that forks has ended"
            line += byte
        return int(line)


@cache
def _fork_server() -> socket.socket:
    """Where requests are put; it runs as long as this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *STRICT, "-m", "tests.support.forkserver"]
    server = subprocess.Popen(command, cwd=ROOT, stdin=theirs.fileno(), env=environment)
    theirs.close()

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


async def _reader(file: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(file, "rb")
    )
    return reader


async def _writer(file: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(file, "wb")
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)
