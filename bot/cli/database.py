"""Backups of the database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.channels.zalo.settings import ZaloSettings
from bot.settings import load as load_settings
from bot.settings import read_as
from bot.storage import backup as backups


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write what lasts in the SQLite database into a new FILE; the bot may run meanwhile."""
    backups.back_up(load_settings().database_url, file)
    click.echo(f"{file} is the backup, without Zalo's tokens and without what is under way.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.confirmation_option(prompt="The bot is stopped, and what the database has now may be lost?")
def restore(file: Path) -> None:
    """Put a backup FILE in the place of the SQLite database's data; stop the bot first."""
    has_zalo = bool(read_as(ZaloSettings).zalo_app_id)
    has_tokens = asyncio.run(backups.restore(load_settings().database_url, file))
    click.echo(f"{file} is restored.")
    if has_zalo and has_tokens:
        click.echo("Zalo's tokens were left as they are: those of a backup would be worthless.")
    elif has_zalo:
        click.echo("No backup has Zalo's tokens: run `python -m bot zalo login`.")
