"""`python -m bot`: the commands of the service and of its editors."""

from __future__ import annotations

import asyncio
import datetime
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import click

from bot.content.check import check as check_content
from bot.domain.clock import local_day

T = TypeVar("T")


@click.group()
def main() -> None:
    """Hỏi Cần Thơ · Ask Cần Thơ."""


@main.command()
@click.option("--content", type=click.Path(path_type=Path), help="Instead of the setting CONTENT_DIR.")
@click.option(
    "--facts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also tell which figures stand in no fact; a directory with <topic>.yml or <topic>.md.",
)
def check(content: Path | None, facts: tuple[Path, ...]) -> None:
    """Read content/ over and list what should be mended."""
    from bot import settings

    if content is None:
        try:
            content = settings.read().content_dir
        except settings.SettingsError as error:
            sys.exit(str(error))
    findings = check_content(content, _today())
    for finding in findings:
        click.echo(str(finding))
    if facts:
        _check_facts(content, facts)
    errors = sum(finding.is_error for finding in findings)
    files = len(list(content.rglob("*.yml")))
    click.echo(f"{files} files read: {errors} errors, {len(findings) - errors} warnings")
    sys.exit(1 if errors else 0)


@main.command()
def run() -> None:
    """Serve the local page and the channels that are set up, until SIGTERM."""
    from bot import app

    app.run()


@main.command()
@click.argument("answer", metavar="TOPIC.ID")
def new(answer: str) -> None:
    """Write the file of a new answer, to fill in; comments explain each key."""
    from bot.content.draft import NotWritten, write_draft
    from bot.settings import SettingsError
    from bot.settings import load as load_settings

    try:
        file = write_draft(
            load_settings().content_dir, answer, local_day(datetime.datetime.now(datetime.UTC))
        )
    except (NotWritten, SettingsError) as error:
        sys.exit(str(error))
    click.echo(f"{file} is a draft: fill in what is marked ✎, run `python -m bot check`, then publish it.")


@main.command()
@click.option("--wait", is_flag=True, help="Until all of it is live; fails if it is not.")
@click.option("--anyway", is_flag=True, help="Also if its model is refused; needs a reason.")
@click.option("--reason", help="Why; it is recorded.")
def publish(wait: bool, anyway: bool, reason: str | None) -> None:
    """Have what is in content/ learned now, and tell what becomes of it.

    The running bot does this by itself at each change; this is for hooks, and to overrule a refusal.
    """
    from bot.desk import publishing as command

    if anyway != bool(reason and reason.strip()):
        raise click.UsageError('--anyway and --reason "..." go together.')
    is_live = _editing(command.publish(click.echo, wait=wait, reason=reason))
    sys.exit(0 if is_live else 1)


@main.command()
@click.argument("name", required=False)
def models(name: str | None) -> None:
    """List the models that are kept, or put the one of this NAME back."""
    from bot.desk import publishing as command

    _editing(command.put_back(click.echo, name) if name else command.models(click.echo))


@main.command()
@click.option("--all", "everything", is_flag=True, help="Also those that were replied to.")
def questions(everything: bool) -> None:
    """List the questions that found no answer, oldest first."""
    from bot.desk import questions as editors

    _do(editors.questions(everything=everything))


@main.command()
@click.argument("question", type=int)
@click.argument("text")
@click.option("--answer", metavar="TOPIC.ID", help="An answer to show with the reply.")
def reply(question: int, text: str, answer: str | None) -> None:
    """Reply to a QUESTION that somebody left, with a TEXT in Markdown, once."""
    from bot.desk import questions as editors

    _do(editors.reply(question, text, answer))


@main.command()
@click.argument("answer", metavar="CLARIFICATION.ID")
def announce(answer: str) -> None:
    """Send a published clarification to its subscribers, to each of them once."""
    from bot.desk import questions as editors

    _do(editors.announce(answer))


@main.command()
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
    from bot.content.yaml_file import ContentError
    from evaluation import command
    from evaluation.ask import NotAsked
    from evaluation.questions import QuestionFileError
    from evaluation.start import NotStarted

    try:
        command.evaluate(files, url, rasa, report)
    except (QuestionFileError, NotStarted, NotAsked, ContentError) as error:
        sys.exit(str(error))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write what lasts in the SQLite database into a new FILE; the bot may run meanwhile."""
    from bot.settings import SettingsError
    from bot.settings import load as load_settings
    from bot.storage.backup import NoBackup, back_up

    try:
        back_up(load_settings().database_url, file)
    except (SettingsError, NoBackup) as error:
        sys.exit(str(error))
    click.echo(f"{file} is the backup, without Zalo's tokens and without what is under way.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.confirmation_option(prompt="The bot is stopped, and what the database has now may be lost?")
def restore(file: Path) -> None:
    """Put a backup FILE in the place of the SQLite database's data; stop the bot first."""
    from bot.settings import SettingsError
    from bot.settings import load as load_settings
    from bot.storage import backup as backups

    try:
        settings = load_settings()
        has_tokens = asyncio.run(backups.restore(settings.database_url, file))
    except (SettingsError, backups.NoBackup) as error:
        sys.exit(str(error))
    click.echo(f"{file} is restored.")
    if settings.zalo_app_id and has_tokens:
        click.echo("Zalo's tokens were left as they are: those of a backup would be worthless.")
    elif settings.zalo_app_id:
        click.echo("No backup has Zalo's tokens: run `python -m bot zalo login`.")


@main.group()
def zalo() -> None:
    """Connect an Official Account on Zalo."""


@zalo.command()
def key() -> None:
    """Print a new key for ZALO_TOKEN_KEY."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


@zalo.command()
@click.option(
    "--refresh-token", "has_refresh_token", is_flag=True, help="Ask for one from the console's API Explorer."
)
def login(has_refresh_token: bool) -> None:
    """Let the app speak for the Official Account: once, and again when /ready says so."""
    from bot.channels.zalo import login as zalo_login
    from bot.settings import SettingsError
    from bot.settings import load as load_settings

    try:
        settings = load_settings()
        if not settings.zalo_app_id:
            raise zalo_login.NotAuthorised(
                "The setting ZALO_APP_ID is not set; the README says how to begin."
            )
        if has_refresh_token:
            refresh_token = click.prompt("Refresh token", hide_input=sys.stdin.isatty())
            done = zalo_login.by_refresh_token(settings, refresh_token)
        else:
            state = zalo_login.new_state()
            click.echo(zalo_login.steps(settings, state))
            consent = zalo_login.read_consent(click.prompt("Paste the address that the browser was taken to"))
            done = zalo_login.by_code(settings, consent, state)
        click.echo(asyncio.run(done))
    except (SettingsError, zalo_login.NotAuthorised) as error:
        sys.exit(str(error))


def _check_facts(content: Path, facts: tuple[Path, ...]) -> None:
    from bot.content.library import load
    from bot.content.yaml_file import ContentError
    from evaluation.figures import report

    try:
        library, _ = load(content)
    except ContentError:  # the findings say so
        return
    for line in report(library, facts):
        click.echo(line)


def _today() -> datetime.date:
    return local_day(datetime.datetime.now(datetime.UTC))


def _do(work: Coroutine[None, None, list[str]]) -> None:
    """Do what an editor asked for and print what came of it, or why it cannot be done."""
    for line in _editing(work):
        click.echo(line)


def _editing(work: Coroutine[None, None, T]) -> T:
    """What came of an editor's work; if it cannot be done, the command ends and says why."""
    from bot.content.yaml_file import ContentError
    from bot.desk.publishing import NotDone
    from bot.settings import SettingsError
    from bot.storage.outbox import NotPossible

    try:
        return asyncio.run(work)
    except (NotDone, NotPossible, ContentError, SettingsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
