"""`make zalo-demo`: Zalo on loopback with a page to chat on, and the bot as its Official Account."""

from __future__ import annotations

import asyncio
import base64
import secrets
import sys
from asyncio.subprocess import PIPE

import click

from stand_ins.demo import Environment, demonstrate
from stand_ins.zalo.page import ZaloOnPage
from stand_ins.zalo.server import StandIn, settings
from stand_ins.zalo.webhook import WebhookRefused

HURRY = 30
"""How much faster than in life webhooks are sent again: the first time after a second."""

LOOK_SECONDS = 0.5
"""Between two tries to reach the bot's webhook."""


@click.command()
@click.option("--port", default=8091, show_default=True, help="Where the page is.")
@click.option("--bot/--no-bot", default=True, help="Start the bot too.")
@click.option("--bot-port", default=8080, show_default=True, help="Where the bot is.")
def main(port: int, bot: bool, bot_port: int) -> None:
    """Chat with the bot as if on Zalo."""
    asyncio.run(_run(port, bot_port, with_bot=bot))


async def _run(port: int, bot_port: int, *, with_bot: bool) -> None:
    zalo = StandIn(package=500)
    zalo.webhook.hurry = HURRY
    token_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

    def needed(url: str) -> dict[str, str]:
        # The address of Telegram, too: a token in .env is of no concern here.
        return {**settings(url, token_key), "PORT": str(bot_port), "TELEGRAM_API_URL": url}

    async def authorise(environment: Environment) -> None:
        """Give the OA's permission, as its administrator does."""
        login = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "zalo", "login", env=environment, stdin=PIPE, stdout=PIPE
        )
        said, _ = await login.communicate(f"{zalo.grant.consent()}\n".encode())
        if login.returncode:
            raise click.ClickException(f"the bot was not authorised:\n{said.decode()}")

    async def save_webhook(_environment: Environment) -> None:
        """Save the webhook in the console, once the bot is there."""
        if not with_bot:
            click.echo(f"Authorise it: {sys.executable} -m bot zalo login; the code: {zalo.grant.consent()}")
        while not zalo.webhook.is_on:
            try:
                await zalo.webhook.save(f"http://127.0.0.1:{bot_port}/zalo/webhook")
            except WebhookRefused:
                await asyncio.sleep(LOOK_SECONDS)

    await demonstrate(
        zalo,
        ZaloOnPage(zalo),
        needed,
        port=port,
        with_bot=with_bot,
        before=authorise,
        after=save_webhook,
    )


if __name__ == "__main__":
    main()
