"""The service itself."""

from __future__ import annotations

import click

from bot import app


@click.command()
@click.option("--with-editors", is_flag=True, help="Also the editors' pages, as a process of their own.")
def run(with_editors: bool) -> None:
    """Serve the local page and the channels that are set up, until SIGTERM."""
    app.run(with_editors=with_editors)
