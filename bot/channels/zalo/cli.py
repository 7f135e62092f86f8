"""The commands `python -m bot zalo`."""

from __future__ import annotations

import asyncio
import sys

import click
from cryptography.fernet import Fernet

from bot.channels.zalo import login as authorisation
from bot.settings import load_as


@click.group()
def zalo() -> None:
    """Connect an Official Account on Zalo."""


@zalo.command()
def key() -> None:
    """Print a new key for ZALO_TOKEN_KEY."""
    click.echo(Fernet.generate_key().decode())


@zalo.command()
@click.option(
    "--refresh-token", "has_refresh_token", is_flag=True, help="Ask for one from the console's API Explorer."
)
def login(has_refresh_token: bool) -> None:
    """Let the app speak for the Official Account: once, and again when /ready says so."""
    settings = load_as(authorisation.LoginSettings)
    if not settings.zalo_app_id:
        raise authorisation.NotAuthorised("The setting ZALO_APP_ID is not set; the README says how to begin.")
    if has_refresh_token:
        refresh_token = click.prompt("Refresh token", hide_input=sys.stdin.isatty())
        done = authorisation.by_refresh_token(settings, refresh_token)
    else:
        state = authorisation.new_state()
        click.echo(authorisation.steps(settings, state))
        pasted = click.prompt("Paste the address that the browser was taken to")
        consent = authorisation.read_consent(pasted)
        done = authorisation.by_code(settings, consent, state)
    click.echo(asyncio.run(done))
