"""The command `python -m bot evaluate`: asks, measures, writes the report."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from evaluation.ask import Exchange, Times, ask_all, time_replies
from evaluation.measure import measure
from evaluation.questions import EvaluationQuestion, read
from evaluation.report import render
from evaluation.slips import damaged
from evaluation.start import running_bot
from evaluation.table import lines, section_lines
from evaluation.taught import taught_in
from evaluation.wards import is_right, read_wards, ward_sections


def evaluate(files: Sequence[Path], url: str | None, rasa: str | None, report: Path) -> None:
    """Put the questions of the files to a bot, print the numbers, and write the report.

    Args:
        files: YAML lists of questions; none: those of tests/nlu/ and tests/wards/.
        url: a bot that runs, without a limit of messages; None: one is started.
        rasa: its Rasa side, for what is told of confidence.
        report: the HTML file to write.

    Raises:
        QuestionFileError, NotStarted, NotAsked, ContentError: what keeps it from being done.
    """
    questions = read(files)
    of_wards = [] if files else read_wards()
    exchanges, times, with_slips = asyncio.run(_ask(questions, of_wards, url, rasa))
    asked, asked_of_wards = exchanges[: len(questions)], exchanges[len(questions) :]
    measured = measure(asked, times, taught_in(Path.cwd()), with_slips)
    for line in (*lines(measured), *section_lines(ward_sections(asked_of_wards))):
        click.echo(line)
    for one in asked_of_wards:
        if not is_right(one):
            click.echo(f"  wrong: {one.question.q}")
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(render(measured), encoding="utf-8")
    click.echo(f"\nThe same to look at: {report}")


async def _ask(
    questions: list[EvaluationQuestion],
    of_wards: Sequence[EvaluationQuestion],
    url: str | None,
    rasa: str | None,
) -> tuple[list[Exchange], Times, list[Exchange]]:
    if url:
        return await _ask_at(questions, of_wards, url.rstrip("/"), rasa.rstrip("/") if rasa else None)
    click.echo(
        "Starting the bot; with new content or code a model is trained first: one to three minutes", err=True
    )
    async with running_bot() as (own_url, own_rasa):
        return await _ask_at(questions, of_wards, own_url, own_rasa)


async def _ask_at(
    questions: list[EvaluationQuestion], of_wards: Sequence[EvaluationQuestion], url: str, rasa: str | None
) -> tuple[list[Exchange], Times, list[Exchange]]:
    times = await time_replies(questions, url, rasa)
    with_slips = damaged(questions)
    every = [*questions, *of_wards]
    length = len(every) + len(with_slips)
    with click.progressbar(length=length, label="Asking", file=sys.stderr) as bar:
        asked = await ask_all(every, url, rasa, lambda: bar.update(1))
        return asked, times, await ask_all(with_slips, url, None, lambda: bar.update(1))
