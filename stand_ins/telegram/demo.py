"""`make telegram-demo`: Telegram on loopback with a page to chat on, and the bot."""

from __future__ import annotations

import asyncio

import click

from stand_ins.demo import demonstrate
from stand_ins.telegram.page import TelegramOnPage
from stand_ins.telegram.server import TOKEN, StandIn


@click.command()
@click.option("--port", default=8090, show_default=True, help="Where the page is.")
@click.option("--bot/--no-bot", default=True, help="Start the bot too.")
@click.option("--bot-port", default=8080, show_default=True, help="Where the bot is.")
def main(port: int, bot: bool, bot_port: int) -> None:
    """Chat with the bot as if on Telegram."""
    asyncio.run(_run(port, bot_port, with_bot=bot))


async def _run(port: int, bot_port: int, *, with_bot: bool) -> None:
    telegram = StandIn()

    def settings(url: str) -> dict[str, str]:
        # With a public address what is shared leads to the answers' pages.
        public_url = f"http://127.0.0.1:{bot_port}"
        return {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": url,
            "PORT": str(bot_port),
            "PUBLIC_URL": public_url,
        }

    await demonstrate(telegram, TelegramOnPage(telegram), settings, port=port, with_bot=with_bot)


if __name__ == "__main__":
    main()
