"""A stand-in on loopback with a page to chat on, and the bot connected to it.

The bot runs as it would for real, with its settings; only the platform's address is another, and its
database is thrown away afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext

import click
from starlette.applications import Starlette

from stand_ins.page import Platform, page_routes
from stand_ins.server import PlatformServer
from stand_ins.serving import serving

Environment = Mapping[str, str]


async def _nothing(_environment: Environment) -> None:
    """Most platforms need nothing before the bot starts, or after."""


async def demonstrate(
    server: PlatformServer,
    platform: Platform,
    settings: Callable[[str], Environment],
    *,
    port: int,
    with_bot: bool,
    before: Callable[[Environment], Awaitable[None]] = _nothing,
    after: Callable[[Environment], Awaitable[None]] = _nothing,
) -> None:
    """Serve until SIGINT or SIGTERM, or until the bot ends.

    Args:
        server: the stand-in.
        platform: the same, for the page.
        settings: from the stand-in's address to what the bot needs to find it.
        port: where the page is.
        with_bot: start the bot too; else tell with which settings.
        before: what to do before the bot starts, in its environment.
        after: what to do once it has been started.
    """
    app = Starlette(routes=[*page_routes(platform), *server.routes()])
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    async def connect(environment: Environment) -> None:
        await after(environment)
        platform.new_chat("Lan", "vi")
        platform.new_chat("Emma", "en")

    with tempfile.TemporaryDirectory() as directory:
        async with serving(app, port) as url:
            needed = settings(url)
            if with_bot:
                database = f"sqlite+aiosqlite:///{directory}/demo.db"
                environment = {**os.environ, "DATABASE_URL": database, **needed}
                await before(environment)
            else:
                environment = {**os.environ, **needed}
                click.echo("Start the bot with " + " ".join(f"{k}={v}" for k, v in needed.items()))
            click.echo(f"Chat with the bot at {url}")
            async with _running(environment, stopped) if with_bot else nullcontext():
                connecting = asyncio.create_task(connect(environment))
                await stopped.wait()
                connecting.cancel()
                await asyncio.wait([connecting])
            await server.close()


@asynccontextmanager
async def _running(environment: Environment, ended: asyncio.Event) -> AsyncIterator[None]:
    """The bot runs while the context is open; if it ends by itself, that is told."""
    bot = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment)
    waiting = asyncio.create_task(bot.wait())
    waiting.add_done_callback(lambda _: ended.set())
    try:
        yield
    finally:
        if bot.returncode is None:
            bot.terminate()
        await waiting
