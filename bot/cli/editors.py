"""The editors' pages, and who may use them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection

from bot.desk import audit
from bot.desk.accounts import Account, Accounts, NotAllowed
from bot.domain.clock import utc_now
from bot.domain.errors import NotPossible
from bot.editing import service
from bot.editing.app import open_database
from bot.editing.settings import EditorsSettings
from bot.editing.settings import load as load_settings
from bot.storage import backup as backups

T = TypeVar("T")
ROLES = ("write", "approve", "administer")
OPERATOR = "operator"
"""Who the audit list says did what was done by a command."""


@click.group()
def editors() -> None:
    """Serve the editors' pages, and say who may use them."""


@editors.command()
@click.option("--child", "is_child", is_flag=True, hidden=True, help="End when stdin does.")
def serve(is_child: bool) -> None:
    """Serve the editors' pages, until SIGTERM. `make run` starts them as well."""
    service.run(is_child=is_child)


@editors.command()
@click.argument("name")
@click.option("--full-name", required=True, help="As it is shown to other editors.")
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, default=("write",), show_default=True
)
@click.option("--office", "offices", multiple=True, help="A key of offices.yml.  [default: every office]")
@click.option("--email", help="For review reminders.")
def invite(
    name: str, full_name: str, roles: tuple[str, ...], offices: tuple[str, ...], email: str | None
) -> None:
    """Make an account NAME, and print the link with which its owner begins; it works once, for three days."""
    account = Account(
        id=0, name=name, full_name=full_name, email=email, may_write="write" in roles,
        may_approve="approve" in roles, may_administer="administer" in roles,
        offices=frozenset(offices) or None,
    )  # fmt: skip
    _print_link(lambda accounts, connection: accounts.invite(connection, account, utc_now()), "invite", name)


@editors.command(name="list")
def list_() -> None:
    """List the accounts and what each may do."""
    for account in _do(lambda accounts, connection: accounts.all(connection)):
        may = [role for role in ROLES if getattr(account, f"may_{role}")]
        offices = "every office" if account.offices is None else ", ".join(sorted(account.offices))
        state = "closed" if account.is_disabled else "" if account.has_password else "not begun"
        click.echo(
            f"{account.name:<20} {account.full_name:<28} {', '.join(may):<28} {offices}  {state}".rstrip()
        )


@editors.command()
@click.argument("name")
def reset(name: str) -> None:
    """Print a new link for NAME (a lost phone, a forgotten password); ends their sessions."""

    def work(accounts: Accounts, connection: Connection) -> str:
        return accounts.reset(connection, _named(accounts, connection, name).id, utc_now())

    _print_link(work, "reset", name)


@editors.command()
@click.argument("name")
@click.confirmation_option(prompt="The account is closed and logged out at once?")
def disable(name: str) -> None:
    """Close the account NAME; what it did stays in the history."""

    def work(accounts: Accounts, connection: Connection) -> None:
        accounts.disable(connection, _named(accounts, connection, name).id, utc_now())
        audit.note(connection, OPERATOR, "disable", name, utc_now())

    _do(work)
    click.echo(f"{name} is closed.")


@editors.command()
@click.argument("name")
def enable(name: str) -> None:
    """Open the account NAME again, with what it had."""

    def work(accounts: Accounts, connection: Connection) -> None:
        accounts.enable(connection, _named(accounts, connection, name).id)
        audit.note(connection, OPERATOR, "enable", name, utc_now())

    _do(work)
    click.echo(f"{name} is open.")


@editors.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write accounts, drafts and history of the SQLite database into a new FILE; the pages may be used."""
    backups.back_up(load_settings().editors_database_url, file, backups.EDITORS)
    click.echo(f"{file} is the backup, without sessions, links and what is not saved.")


@editors.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.confirmation_option(prompt="The pages are stopped, and what their database has now may be lost?")
def restore(file: Path) -> None:
    """Put a backup FILE in the place of the SQLite database's data; stop the pages first."""
    asyncio.run(backups.restore(load_settings().editors_database_url, file, backups.EDITORS))
    click.echo(f"{file} is restored. Everybody has to log in again.")
    click.echo("Accounts are as they were then: look at `python -m bot editors list` for what to close.")


def _named(accounts: Accounts, connection: Connection, name: str) -> Account:
    for account in accounts.all(connection):
        if account.name == name:
            return account
    raise NotPossible(f"There is no account {name}.")


def _print_link(make: Callable[[Accounts, Connection], str], action: str, name: str) -> None:
    settings = load_settings()

    def work(accounts: Accounts, connection: Connection) -> str:
        token = make(accounts, connection)
        audit.note(connection, OPERATOR, action, name, utc_now())
        return token

    token = _do(work, settings)
    click.echo(f"{settings.editors_address}/invitation/{token}")
    click.echo("This link works once, for three days. Give it to nobody but the account's owner.", err=True)


def _do(work: Callable[[Accounts, Connection], T], settings: EditorsSettings | None = None) -> T:
    """Do something with the accounts, in one transaction. Raises NotPossible, DatabaseUnusable."""
    known = settings or load_settings()

    async def done() -> T:
        database = await open_database(known.editors_database_url)
        try:
            accounts = Accounts(known.fernet_key)
            return await database.transact(lambda connection: work(accounts, connection))
        except NotAllowed as error:
            raise NotPossible(str(error)) from error
        finally:
            await database.close()

    return asyncio.run(done())
