"""The real Rasa side with the model of content/ as it is, which is trained where there is none yet."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.child import STOP_SECONDS
from bot.content.library import Library
from bot.rasa.training_set import training_files
from stand_ins.serving import free_port
from tests.support import ROOT
from tests.support.shared import alone

RASA_TOKEN = "known-to-the-bots-and-Rasa-sides-of-the-tests"

RASA_READY_SECONDS = 3600
"""From an empty cache of sentence vectors, a training took ten minutes on two slow cores, beside other tests
twice as long, and with the numeric library at its plainest over half an hour."""


@asynccontextmanager
async def city_rasa(library: Library, port: int, **settings: str) -> AsyncIterator[Process]:
    """The real Rasa side, answering with the model of content/; its process."""
    process = await _started(port, PIPE, settings)
    try:
        await _answers(library, port, process)
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(2 * STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise


@asynccontextmanager
async def shared_city_rasa(library: Library, directory: Path) -> AsyncIterator[int]:
    """The one that all workers of a run share, which the first of them starts; its port.

    Its stdin is a named pipe that each of them holds open: it ends with the last of them, however that ends.
    """
    process = None
    async with alone(directory, "rasa") as pipe:
        port_file = directory / "rasa.port"
        try:
            held = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # there is none, or nobody reads it
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
            stdin = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            try:  # who comes next must not take what did not start for one that runs
                held = os.open(pipe, os.O_WRONLY)
                port_file.write_text(str(free_port()))
                process = await _started(int(port_file.read_text()), stdin, {})
            finally:
                os.close(stdin)
        port = int(port_file.read_text())
        try:
            await _answers(library, port, process)
        except BaseException:
            os.close(held)
            raise
    try:
        yield port
    finally:
        os.close(held)
        if process:
            await process.wait()


async def _started(port: int, stdin: int, settings: Mapping[str, str]) -> Process:
    python = ROOT / ".venv-rasa" / "bin" / "python"
    if not python.exists():
        pytest.fail("The Rasa side's environment is missing: run `make environments`.")
    return await asyncio.create_subprocess_exec(
        str(python), "nlu/server.py", "--port", str(port), "--child",
        cwd=ROOT, stdin=stdin, env={**os.environ, "RASA_TOKEN": RASA_TOKEN, **settings},
    )  # fmt: skip


async def _answers(library: Library, port: int, process: Process | None) -> None:
    """Wait until it answers with the model of content/, which it may have to train. process: if
    it is ours."""
    address, known = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {RASA_TOKEN}"}
    async with httpx.AsyncClient(base_url=address, headers=known, timeout=30, trust_env=False) as http:
        async with asyncio.timeout(RASA_READY_SECONDS):
            wanted = await _taught(http, {"files": training_files(library)})
            while await _model(http, wanted) != wanted:
                assert process is None or process.returncode is None, "the Rasa side has ended"
                await asyncio.sleep(0.1)  # between two looks at a condition


async def _taught(http: httpx.AsyncClient, data: dict[str, object]) -> str:
    """Hand over training data once it listens; the name of its model."""
    while True:
        try:
            answer = await http.put("/training-data", json=data)
        except httpx.TransportError:
            await asyncio.sleep(0.1)  # between two looks at a condition
        else:
            answer.raise_for_status()
            return str(answer.json()["model"])


async def _model(http: httpx.AsyncClient, wanted: str) -> str | None:
    """The model that is live, unless there will be no other."""
    status = (await http.get("/status")).json()
    for ended in ("failed", "refused"):
        assert not status[ended] or status[ended]["model"] != wanted, status[ended]
    model: str | None = status["model"]
    return model
