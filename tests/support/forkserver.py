"""Forks the bot's commands for tests, with all that they import at hand; see tests/support/forked.py.

A request comes on the socket that is stdin: a JSON object with the command's `arguments`, its `cwd` and its
`env`, and with it four open files: its stdin, stdout and stderr, and a pipe on which it is told which process
the command is, and with which status it ended. All of them end with whoever asks.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

MODULES = (
    "bot.app", "bot.cli.content", "bot.cli.database", "bot.cli.editors", "bot.cli.publishing",
    "bot.cli.questions", "bot.cli.service", "aiosqlite", "asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.dialects.postgresql.asyncpg",
    "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl",
)  # fmt: skip
"""What the commands import, and what that imports once it is used."""

REQUEST_BYTES = 65_536


def main() -> None:
    """Fork until nobody asks any more; each forked process is the command that was asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to the tests, too, and this ends when they do
    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    before = dict(os.environ)
    for module in MODULES:
        import_module(module)
    set_by_modules = {name: value for name, value in os.environ.items() if before.get(name) != value}
    gc.collect()
    gc.freeze()  # the collector would write to every object, and so make a copy of it in each process
    if request := _forked_for(requests):
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(set_by_modules | request["env"])
        time.tzset()
        module, *sys.argv[1:] = request["arguments"]
        sys.path[0] = request["cwd"]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _forked_for(requests: socket.socket) -> dict[str, Any] | None:
    """In each forked process, the request that it was forked for; in the server None, at the end."""
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told: dict[int, int] = {}
    server = os.getpid()
    try:
        while True:
            ready, _, _ = select.select([requests.fileno(), ended], [], [])
            if ended in ready:
                os.read(ended, REQUEST_BYTES)
                _tell_ended(told)
            if requests.fileno() in ready:
                message, files, *_ = socket.recv_fds(requests, REQUEST_BYTES, 4)
                if not message:
                    requests.close()
                    return None
                if not (pid := os.fork()):
                    requests.detach()
                    _become_ordinary(files[:3])
                    return dict(json.loads(message))
                told[pid] = files[3]
                for file in files[:3]:
                    os.close(file)
                with suppress(BrokenPipeError):  # whoever asked has given it up
                    os.write(told[pid], b"%d\n" % pid)
    finally:
        if os.getpid() == server:
            for pid in told:
                os.kill(pid, signal.SIGKILL)


def _become_ordinary(standard: list[int]) -> None:
    """Put back what the server has changed of a process, with the stdin, stdout and stderr asked for."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(standard):
        os.dup2(file, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _tell_ended(told: dict[int, int]) -> None:
    """Tell of each process that has ended, on the pipe of its own."""
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with suppress(BrokenPipeError), open(told.pop(pid), "w") as pipe:
            pipe.write(f"{os.waitstatus_to_exitcode(status)}\n")


if __name__ == "__main__":
    main()
