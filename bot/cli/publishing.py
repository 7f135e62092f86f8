"""What becomes of a change of content/, and the models that are kept."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.content.library import Library
from bot.desk import live_model
from bot.desk.refusal import problems
from bot.domain.clock import local_minute
from bot.rasa.client import Rasa
from bot.rasa.status import FailedModel, KeptModel, TrainingProgress
from bot.settings import load as load_settings


@click.command()
@click.option("--wait", is_flag=True, help="Until all of it is live; fails if it is not.")
@click.option("--anyway", is_flag=True, help="Also if its model is refused; needs a reason.")
@click.option("--reason", help="Why; it is recorded.")
def publish(wait: bool, anyway: bool, reason: str | None) -> None:
    """Have what is in content/ learned now, and tell what becomes of it.

    The running bot does this by itself at each change; this is for hooks, and to overrule a refusal.
    """
    if anyway != bool(reason and reason.strip()):
        raise click.UsageError('--anyway and --reason "..." go together.')
    is_live = asyncio.run(_publish(wait=wait, reason=reason))
    sys.exit(0 if is_live else 1)


@click.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the models that are kept, or put the one of this NAME back."""
    asyncio.run(_put_back(name) if name else _list_models())


async def _publish(*, wait: bool, reason: str | None) -> bool:
    """Whether all of content/ is live, or without `wait` will be unless its model is refused."""
    settings = load_settings()
    content = live_model.content_to_publish(settings)
    for finding in content.findings:
        click.echo(str(finding))
    async with live_model.rasa_of_bot(settings) as rasa:
        model = await live_model.hand_over(rasa, content.library, reason)
        if reason:
            click.echo(
                f"Publishing {model} whatever its validation says; recorded in {live_model.OVERRIDES}."
            )
        if wait:
            await live_model.until_served(settings, content.library)
            click.echo(f"The words are live: version {content.library.digest}.")
            is_live = await _follow(rasa, model, content.library)
        else:
            click.echo(
                f"Questions are learned from now: model {model}. `publish --wait` tells when it is live."
            )
            is_live = True
    return is_live and not any(finding.is_error for finding in content.findings)


async def _follow(rasa: Rasa, model: str, library: Library) -> bool:
    """Show how far the training is; whether its model is live in the end."""
    outcome = await live_model.until_decided(rasa, model, _show_step)
    if outcome is None:
        click.echo(f"The questions are live: model {model}.")
        return True
    if isinstance(outcome, FailedModel):
        click.echo(f"Model {model} could not be made: {outcome.reason}")
        return False
    click.echo(f"Model {model} is refused, so the one before goes on answering:")
    for line in problems(outcome, library):
        click.echo(f"  {line}")
    click.echo("Let the questions of answers that are close differ more; take out those that fit both.")
    click.echo('To publish it all the same: python -m bot publish --anyway --reason "..."')
    return False


def _show_step(training: TrainingProgress) -> None:
    click.echo(f"{training.seconds:5.0f} s  {training.step}")


async def _list_models() -> None:
    async with live_model.rasa_of_bot(load_settings()) as rasa:
        kept = await rasa.models()
    for model in kept:
        click.echo(_line(model))
    if not kept:
        click.echo("There is no model yet.")
    if overridden := live_model.overrides():
        click.echo(f"Published whatever their validation said ({live_model.OVERRIDES}):")
        for line in overridden:
            click.echo(f"  {line}")


async def _put_back(name: str) -> None:
    async with live_model.rasa_of_bot(load_settings()) as rasa:
        await live_model.put_back(rasa, name)
    click.echo(f"Model {name} answers, until a question in content/ is changed.")


def _line(model: KeptModel) -> str:
    accuracy = f"{model.accuracy:.1%} of the test questions" if model.accuracy is not None else "not tested"
    live = "  live" if model.is_live else ""
    override = f"  although refused: {model.override}" if model.override else ""
    return f"{model.name}  made {local_minute(model.made_at)}  {accuracy}{live}{override}"
