"""The Rasa side as a child of the bot, on one machine: started, watched, never left behind."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import structlog

from bot.child import child
from bot.domain.errors import UserError
from bot.rasa.client import connection
from bot.settings import Settings

log = structlog.get_logger(__name__)

PYTHON = Path(".venv-rasa/bin/python")
SERVER = Path("nlu/server.py")

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

        async with child("rasa", arguments, environment(settings.rasa_token.get_secret_value()), answers):
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
