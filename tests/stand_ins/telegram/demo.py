"""`make telegram-demo`: Telegram on loopback with a page to chat on, and the bot.

The bot runs as it would for real, with its settings; only Telegram's address is another, and its
database is thrown away afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile

import click
from starlette.applications import Starlette

from tests.stand_ins.page import page_routes
from tests.stand_ins.serving import serving
from tests.stand_ins.telegram.page import TelegramOnPage
from tests.stand_ins.telegram.server import TOKEN, StandIn


@click.command()
@click.option("--port", default=8090, show_default=True, help="Where the page is.")
@click.option("--bot/--no-bot", default=True, help="Start the bot too.")
def main(port: int, bot: bool) -> None:
    """Chat with the bot as if on Telegram."""
    asyncio.run(run(port, with_bot=bot))


async def run(port: int, *, with_bot: bool) -> None:
    """Serve until SIGINT or SIGTERM, or until the bot ends."""
    telegram = StandIn()
    TelegramOnPage(telegram).new_chat("Lan", "vi")
    TelegramOnPage(telegram).new_chat("Emma", "en")
    app = Starlette(routes=[*page_routes(TelegramOnPage(telegram)), *telegram.routes()])
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serving(app, port) as url:
        if with_bot:
            await _with_bot(url, stopped)
        else:
            click.echo(f"Start the bot with TELEGRAM_TOKEN={TOKEN} TELEGRAM_API_URL={url}; chat at {url}")
            await stopped.wait()
        await telegram.close()


async def _with_bot(url: str, stopped: asyncio.Event) -> None:
    with tempfile.TemporaryDirectory() as directory:
        settings = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{directory}/demo.db",
        }
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env={**os.environ, **settings}
        )
        click.echo(f"Chat with the bot at {url}")
        waits = [asyncio.create_task(bot.wait()), asyncio.create_task(stopped.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if bot.returncode is None:
            bot.terminate()
        await bot.wait()


if __name__ == "__main__":
    main()
