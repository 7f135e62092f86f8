"""How well the bot understands."""

from __future__ import annotations

from pathlib import Path

import click

from evaluation import command


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--url", help="A bot that runs, with WEB_RATE_LIMIT=0.  [default: one is started]")
@click.option("--rasa", metavar="URL", help="Its Rasa side, to tell how sure each reading is.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default=Path("build/evaluation/report.html"),
    show_default=True,
)
def evaluate(files: tuple[Path, ...], url: str | None, rasa: str | None, report: Path) -> None:
    """Put the questions of YAML FILEs (default: tests/nlu/*.yml) to the bot and tell how it does.

    A FILE is a list of {q, lang, style, id, also}; without an id it must not be answered.
    """
    command.evaluate(files, url, rasa, report)
