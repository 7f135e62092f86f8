"""The editors' pages as a process: opens what they need, serves, and keeps house."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import httpx
import structlog
from sqlalchemy import Connection
from starlette.applications import Starlette

from bot import event_loop
from bot.content.last_good import LAST_GOOD
from bot.content.watcher import ContentWatcher
from bot.desk import housekeeping, understood
from bot.desk.accounts import Account, Accounts
from bot.desk.bot_reader import BotReader
from bot.desk.editing import EditingDesk
from bot.domain.clock import utc_now
from bot.editing.app import create_app, open_database
from bot.editing.reminding import keep_reminding
from bot.editing.settings import EditorsSettings, load
from bot.log import describe, set_up
from bot.rasa.client import connection
from bot.serve import serve
from bot.storage.database import Database
from bot.supervision import Supervisor

log = structlog.get_logger(__name__)

HOUSEKEEPING_SECONDS = 3600.0

NOTING_SECONDS = 10.0

OWN_LAST_GOOD = LAST_GOOD.with_name(f"{LAST_GOOD.name}-editors")
"""The copy of content/ that this process could begin with. The bot has one of its own."""

FIRST = Account(
    id=0, name="admin", full_name="Quản trị", may_write=True, may_approve=True, may_administer=True
)
"""Whom the first invitation is for; they invite the others."""


@asynccontextmanager
async def opened(settings: EditorsSettings) -> AsyncIterator[Starlette]:
    """The pages, ready to be served while the context is open.

    Raises:
        DatabaseUnusable, ContentError: why they cannot be.
    """
    async with AsyncExitStack() as stack:
        watcher = ContentWatcher(settings.content_dir, last_good=OWN_LAST_GOOD)
        database = await open_database(settings.editors_database_url)
        stack.push_async_callback(database.close)
        bot = BotReader(settings.database_url)
        stack.push_async_callback(bot.close)
        rasa = await stack.enter_async_context(connection(settings))
        http = httpx.AsyncClient(base_url=settings.bot_address, timeout=5, trust_env=False)
        bot_http = await stack.enter_async_context(http)
        desk = EditingDesk(
            database, settings.content_dir, watcher.library, rasa=rasa, bot=bot, bot_http=bot_http
        )
        supervisor = Supervisor()
        await stack.enter_async_context(supervisor.keep("watching content", watcher.run))
        await stack.enter_async_context(supervisor.keep("housekeeping", lambda: _keep_house(desk)))
        await stack.enter_async_context(supervisor.keep("learning", lambda: _keep_noting(desk)))
        if server := settings.mail_server:
            accounts, address = Accounts(settings.fernet_key), settings.editors_address
            remind = partial(keep_reminding, desk, accounts, server, address)
            await stack.enter_async_context(supervisor.keep("reminding", remind))
        await _tell(settings, database)
        yield create_app(desk, settings.fernet_key, settings.editors_address)


async def _keep_house(desk: EditingDesk) -> None:
    while True:
        try:
            await housekeeping.purge(desk)
        except Exception as error:  # the database may come back
            log.warning("house_not_kept", **describe(error))
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _keep_noting(desk: EditingDesk) -> None:
    """Write down when what was published is understood, for the figures."""
    while True:
        await understood.note(desk)
        await asyncio.sleep(NOTING_SECONDS)


async def first_link(database: Database, key: str) -> str | None:
    """The token of the first invitation; None once somebody has begun."""
    accounts, now = Accounts(key), utc_now()

    def work(connection: Connection) -> str | None:
        known = accounts.all(connection)
        if any(account.has_password for account in known):
            return None
        if not known:
            return accounts.invite(connection, FIRST, now)
        waiting = next((account for account in known if account.may_administer), known[0])
        if not waiting.may_administer:
            accounts.change(connection, replace(waiting, may_administer=True))
        return accounts.reset(connection, waiting.id, now)

    return await database.transact(work)


async def _tell(settings: EditorsSettings, database: Database) -> None:
    """Say where the pages are and, as long as nobody has begun, how to."""
    print(f"Editors' pages: {settings.editors_address}/", flush=True)
    if token := await first_link(database, settings.fernet_key):
        print(
            "Nobody has an account there yet. This link makes the first one; it works once, for three days:\n"
            f"    {settings.editors_address}/invitation/{token}",
            flush=True,
        )


async def _serve(settings: EditorsSettings, *, is_child: bool) -> None:
    async with opened(settings) as app:
        watch = asyncio.create_task(_end_with_stdin()) if is_child else None
        await serve(app, settings.editors_host, settings.editors_port)
        if watch:
            watch.cancel()


async def _end_with_stdin() -> None:
    """End when the process that started this one does: the pipe closes however that happens."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()
    signal.raise_signal(signal.SIGTERM)


def run(*, is_child: bool = False) -> None:
    """Serve the pages with the settings of the environment until SIGTERM or SIGINT.

    is_child: end with the process that started this one, too.

    Raises:
        UserError: what keeps them from being served.
    """
    settings = load()
    set_up(settings.log_level, settings.log_format, settings.secrets())
    event_loop.run(_serve(settings, is_child=is_child))
