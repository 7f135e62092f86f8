"""`make zalo-bot-demo`: Zalo's Bot Platform on loopback with a page to chat on, and the bot."""

from __future__ import annotations

import asyncio

import click

from stand_ins.demo import demonstrate
from stand_ins.zalo_bot.page import ZaloBotOnPage
from stand_ins.zalo_bot.server import TOKEN, StandIn


@click.command()
@click.option("--port", default=8092, show_default=True, help="Where the page is.")
@click.option("--bot/--no-bot", default=True, help="Start the bot too.")
def main(port: int, bot: bool) -> None:
    """Chat with the bot as if on Zalo's Bot Platform."""
    asyncio.run(_run(port, with_bot=bot))


async def _run(port: int, *, with_bot: bool) -> None:
    platform = StandIn()

    def settings(url: str) -> dict[str, str]:
        # The address of Telegram, too: a token in .env is of no concern here.
        return {"ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": url, "TELEGRAM_API_URL": url}

    await demonstrate(platform, ZaloBotOnPage(platform), settings, port=port, with_bot=with_bot)


if __name__ == "__main__":
    main()
