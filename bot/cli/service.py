"""The service itself."""

from __future__ import annotations

import click

from bot import app


@click.command()
def run() -> None:
    """Serve the local page and the channels that are set up, until SIGTERM."""
    app.run()
