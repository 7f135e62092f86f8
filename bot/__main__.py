"""`python -m bot`: the commands of the service and of its editors."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from bot.content.check import check as check_content


@click.group()
def main() -> None:
    """Hỏi Cần Thơ · Ask Cần Thơ."""


@main.command()
@click.option("--content", type=click.Path(path_type=Path), default=Path("content"), show_default=True)
def check(content: Path) -> None:
    """Read content/ over and list what should be mended."""
    findings = check_content(content, datetime.datetime.now(datetime.UTC).date())
    for finding in findings:
        click.echo(str(finding))
    errors = sum(finding.is_error for finding in findings)
    files = len(list(content.rglob("*.yml")))
    click.echo(f"{files} files read: {errors} errors, {len(findings) - errors} warnings")
    sys.exit(1 if errors else 0)


@main.command()
def run() -> None:
    """Serve the local page and the channels that are set up, until SIGTERM."""
    from bot import app

    app.run()


if __name__ == "__main__":
    main()
