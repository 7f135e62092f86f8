"""Questions that found no answer, replies to them, and announcements."""

from __future__ import annotations

import asyncio
import datetime

import click

from bot.desk import bulletins
from bot.desk import questions as desk
from bot.domain.clock import utc_now
from bot.settings import load as load_settings
from bot.storage.models import DeliveryStatus, QuestionState
from bot.storage.outbox import ListedQuestion

STATUS = {
    DeliveryStatus.QUEUED: "reply queued",
    DeliveryStatus.WAITING: "reply waits for their next message",
    DeliveryStatus.SENT: "reply sent",
    DeliveryStatus.UNDELIVERABLE: "reply undeliverable",
}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also those that were replied to or settled.")
def questions(everything: bool) -> None:
    """List the questions that found no answer, oldest first."""
    kept = asyncio.run(desk.questions(load_settings(), everything=everything))
    now = utc_now()
    for asked in kept:
        click.echo(_line(asked, now))
    if not kept:
        click.echo("No open questions.")


@click.command()
@click.argument("question", type=int)
@click.argument("text")
@click.option("--answer", metavar="TOPIC.ID", help="An answer to show with the reply.")
def reply(question: int, text: str, answer: str | None) -> None:
    """Reply to a QUESTION that somebody left, with a TEXT in Markdown, once."""
    asyncio.run(desk.reply(load_settings(), question, text, answer))
    click.echo(f"The reply to question {question} is queued; the running bot sends it.")


@click.command()
@click.argument("answer", metavar="CLARIFICATION.ID")
def announce(answer: str) -> None:
    """Send a published clarification to its subscribers, to each of them once."""
    number = asyncio.run(desk.announce(load_settings(), answer))
    click.echo(f"{answer} is queued for {number} subscribers; the running bot sends it.")


@click.command()
@click.argument("bulletin", metavar="ID")
def bulletin(bulletin: str) -> None:
    """Send a published bulletin to its subscribers, to each of them once for each of its dates."""
    number = asyncio.run(bulletins.send(load_settings(), bulletin))
    click.echo(f"The bulletin {bulletin} is queued for {number} subscribers; the running bot sends it.")


def _line(asked: ListedQuestion, now: datetime.datetime) -> str:
    """A question's number, age, language, what is to be done, and its text."""
    if asked.status:
        state = STATUS[asked.status]
        if asked.reason and asked.status is DeliveryStatus.WAITING:
            state = f"{state} ({asked.reason})"
    else:
        state = {
            QuestionState.LEFT: "reply wanted",
            QuestionState.HANDLED: f"put into {asked.answer}" if asked.answer else "not for the city",
        }.get(asked.state, "no reply wanted")
    near = f"  (near {asked.nearest})" if asked.nearest else ""
    return (
        f"{asked.id:>5}  {_age(now - asked.asked_at):>4}  {asked.language}  {state:<16}  {asked.text}{near}"
    )


def _age(age: datetime.timedelta) -> str:
    """A length of time in its largest unit: 5m, 3h, 12d."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"
