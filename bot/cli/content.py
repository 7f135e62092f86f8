"""What editors do with the files of content/."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot import settings
from bot.content.check import check as findings_of
from bot.content.draft import write_draft
from bot.content.loading import load
from bot.content.yaml_file import ContentError
from bot.domain.clock import local_day, utc_now
from evaluation.figures import report


@click.command()
@click.option("--content", type=click.Path(path_type=Path), help="Instead of the setting CONTENT_DIR.")
@click.option(
    "--facts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also tell which figures stand in no fact; a directory with <topic>.yml or <topic>.md.",
)
def check(content: Path | None, facts: tuple[Path, ...]) -> None:
    """Read content/ over and list what should be mended."""
    content = content or settings.read().content_dir
    findings = findings_of(content, local_day(utc_now()))
    for finding in findings:
        click.echo(str(finding))
    if facts:
        _check_facts(content, facts)
    errors = sum(finding.is_error for finding in findings)
    files = len(list(content.rglob("*.yml")))
    click.echo(f"{files} files read: {errors} errors, {len(findings) - errors} warnings")
    sys.exit(1 if errors else 0)


@click.command()
@click.argument("answer", metavar="TOPIC.ID")
def new(answer: str) -> None:
    """Write the file of a new answer, to fill in; comments explain each key."""
    file = write_draft(settings.load().content_dir, answer, local_day(utc_now()))
    click.echo(f"{file} is a draft: fill in what is marked ✎, run `python -m bot check`, then publish it.")


def _check_facts(content: Path, facts: tuple[Path, ...]) -> None:
    try:
        loaded = load(content)
    except ContentError:  # the findings say so
        return
    for line in report(loaded, facts):
        click.echo(line)
