"""The Rasa side as a child is started again when it ends, and never outlives the bot."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.channels.web import REPLY_WITHIN
from bot.child import HUNG_SECONDS, child
from bot.rasa.child import RasaNotStarted, command, environment, rasa_side
from bot.settings import Settings
from tests.support import ROOT

pytestmark = pytest.mark.server

# Says its id on a socket that stays open while it lives, and ends when its stdin does.
OBEDIENT = """
import os, socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(f"{os.getpid()}\\n".encode())
sys.stdin.read()
"""

# Cares for nothing but the kernel.
STUBBORN = OBEDIENT.replace("sys.stdin.read()", "import time; time.sleep(600)")

PARENT = """
import asyncio, sys
from bot.child import child
async def main():
    async with child("rasa", [sys.executable, "-c", sys.argv[1], sys.argv[2]]):
        await asyncio.Event().wait()
asyncio.run(main())
"""


class Birthplace:
    """Where children report; a connection that ends is a child that has ended."""

    def __init__(self) -> None:
        self._born: asyncio.Queue[tuple[int, asyncio.StreamReader]] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Birthplace:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = str(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()
        self._server.close()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._born.put((int(await reader.readline()), reader))

    async def next(self) -> tuple[int, asyncio.StreamReader]:
        """The id of the next child, and what to read of to see it end."""
        async with asyncio.timeout(10):
            return await self._born.get()


async def ended(life: asyncio.StreamReader) -> None:
    async with asyncio.timeout(10):
        assert await life.read() == b""


async def test_it_ends_with_the_context() -> None:
    async with Birthplace() as births:
        async with child("rasa", [sys.executable, "-c", OBEDIENT, births.port]):
            _, life = await births.next()
        await ended(life)


async def test_it_is_started_again_when_it_dies() -> None:
    async with Birthplace() as births, child("rasa", [sys.executable, "-c", OBEDIENT, births.port]):
        pid, life = await births.next()
        os.kill(pid, signal.SIGKILL)
        await ended(life)
        again, _ = await births.next()
        assert again != pid


@pytest.mark.parametrize(
    "program",
    [
        OBEDIENT,
        pytest.param(STUBBORN, marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux can")),
    ],
    ids=["obedient", "stubborn"],
)
async def test_it_does_not_outlive_a_bot_that_is_killed(program: str) -> None:
    async with Birthplace() as births:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PARENT, program, births.port, cwd=ROOT, stdin=PIPE
        )
        _, life = await births.next()
        parent.kill()
        await parent.wait()
        await ended(life)


def test_it_gets_its_token_and_what_it_needs_of_the_environment_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for secret in (
        "SECRET_KEY",
        "METRICS_TOKEN",
        "TELEGRAM_TOKEN",
        "ZALO_APP_SECRET",
        "DATABASE_URL",
        "OTHER",
    ):
        monkeypatch.setenv(secret, "not for Rasa")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("RASA_TOKEN", "of another bot")
    given = environment("ours")
    assert "not for Rasa" not in given.values()
    assert given["OPENBLAS_CORETYPE"] == "Haswell"
    assert given["RASA_TOKEN"] == "ours"
    assert given["PATH"] == os.environ["PATH"]


async def test_a_child_that_hangs_is_killed_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.child.HUNG_SECONDS", 0.1)
    first: list[int] = []

    async def answers() -> bool:
        return not first  # it did, until it was seen

    async with (
        Birthplace() as births,
        child("rasa", [sys.executable, "-c", OBEDIENT, births.port], None, answers),
    ):
        pid, life = await births.next()
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGSTOP)
        first.append(pid)
        await ended(life)
        again, _ = await births.next()
        first.clear()
        assert again != pid


async def test_where_it_cannot_be_started_just_now_it_is_a_moment_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, tries = asyncio.create_subprocess_exec, []

    async def start(*arguments: Any, **more: Any) -> asyncio.subprocess.Process:
        tries.append(arguments)
        if len(tries) == 1:
            raise BlockingIOError("no process is to be had")
        return await real(*arguments, **more)

    monkeypatch.setattr("bot.rasa.child.asyncio.create_subprocess_exec", start)
    async with Birthplace() as births, child("rasa", [sys.executable, "-c", OBEDIENT, births.port]):
        await births.next()
    assert len(tries) == 2


async def test_a_taken_port_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.rasa.child.FREE_SECONDS", 0.1)
    monkeypatch.chdir(ROOT)
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(rasa_port=other.getsockname()[1], rasa_token=SecretStr("ours"))
        with pytest.raises(
            RasaNotStarted, match=rf"^Port {settings.rasa_port} of the setting RASA_PORT is taken"
        ):
            async with rasa_side(settings):
                pass


def test_without_its_environment_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RasaNotStarted, match="make run"):
        command(5005)


def test_whoever_asks_while_the_rasa_side_hangs_is_answered_before_the_page_gives_up() -> None:
    """What is left of the minute, it has for starting and loading the model."""
    assert HUNG_SECONDS <= REPLY_WITHIN / 2
