"""A bot to be asked: the whole service as it runs, with data of its own that goes when it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from bot.channels.registry import ServiceSettings
from bot.content.loading import load
from bot.domain.errors import UserError
from bot.rasa.client import authorization
from bot.rasa.training_set import training_files
from bot.settings import load as load_settings

READY_SECONDS = 900
"""With no model yet, one is trained first: minutes, from an empty cache of sentence vectors."""

LOG_SHOWN = 2000
STOP_SECONDS = 60


class NotStarted(UserError):
    """The bot did not get ready; says what its log says."""


@asynccontextmanager
async def running_bot() -> AsyncIterator[tuple[str, str]]:
    """`python -m bot run` with the files of the directory that this runs in; its address and Rasa's.

    Raises:
        NotStarted: it ended, or was not ready in time.
    """
    with tempfile.TemporaryDirectory(prefix="evaluation-") as name:
        directory, project = Path(name), Path.cwd()
        # A directory that has what starts the Rasa side, but no .env with somebody's Telegram token.
        for part in ("nlu", ".venv-rasa"):
            if not (project / part).exists():
                raise NotStarted(f"{part} is missing: run `make environments` in the project's directory.")
            (directory / part).symlink_to(project / part)
        port, rasa_port = free_port(), free_port()
        environment = {
            **{
                key: value
                for key, value in os.environ.items()
                if key.lower() not in ServiceSettings.model_fields
            },
            "PYTHONPATH": str(project),
            "PORT": str(port),
            "RASA_PORT": str(rasa_port),
            "RASA_TOKEN": load_settings().rasa_token.get_secret_value(),
            "RASA_CONVERSATIONS": str(directory / "conversations.sqlite3"),
            "CONTENT_DIR": str(project / "content"),
            "WEB_RATE_LIMIT": "0",
            "LOG_LEVEL": "WARNING",
        }
        log = directory / "log.txt"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run",
                cwd=directory, env=environment, stdout=output, stderr=output,
            )  # fmt: skip
        url, rasa = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{rasa_port}"
        try:
            if not await _is_ready(url, rasa, process, training_files(load(project / "content").library)):
                shown = log.read_text(encoding="utf-8", errors="replace")[-LOG_SHOWN:]
                raise NotStarted(f"The bot did not get ready:\n{shown}")
            yield url, rasa
        finally:
            await _end(process)


async def _is_ready(url: str, rasa: str, process: Process, files: dict[str, str]) -> bool:
    """Whether it answers with the model of the files as they are, not with the last one made before."""
    # What is measured is measured, whatever the validation of the model says.
    body = {"files": files, "override": "python -m bot evaluate measures it"}
    wanted = ""
    headers = authorization(load_settings())
    async with httpx.AsyncClient(headers=headers, timeout=30, trust_env=False) as http:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while process.returncode is None:
                    with suppress(httpx.TransportError):
                        wanted = (
                            wanted or (await http.put(f"{rasa}/training-data", json=body)).json()["model"]
                        )
                        status = (await http.get(f"{rasa}/status")).json()
                        if (status["failed"] or {}).get("model") == wanted:
                            return False
                        if status["model"] == wanted:
                            return (await http.get(f"{url}/ready")).status_code == 200
                    await asyncio.sleep(0.5)  # between two looks at a condition
    return False


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        if process.returncode is None:
            process.kill()
    await process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
