"""What one bot tells the others through PostgreSQL: a message waits, or its reply is laid down.

It only makes them look sooner: whoever hears nothing looks once a second.
https://www.postgresql.org/docs/16/sql-notify.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import structlog
from sqlalchemy import Connection, bindparam, func, select

from bot.log import describe
from bot.storage.backend import CONNECT_WITHIN
from bot.storage.database import Database

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two tries to listen."""

_CHANNEL = "hoi_can_tho"
_NOTIFY = select(func.pg_notify(_CHANNEL, bindparam("what")))

ARRIVED = "arrived"
"""What is told of a message that waits; of one that was answered it is its id."""


def tell(connection: Connection, what: str) -> None:
    """Tell the other processes when this transaction is done. With SQLite there are none."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"what": what})


async def listen(database: Database, hear: Callable[[str], None]) -> None:
    """Hear what is told, until cancelled. With SQLite nothing ever is."""
    if database.is_sqlite:
        await asyncio.Event().wait()
    while True:
        try:
            await _listen_once(database, hear)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.info("not_listening", **describe(error))
            await asyncio.sleep(PAUSE)


async def _listen_once(database: Database, hear: Callable[[str], None]) -> None:
    """Hear until the connection ends. Raises what asyncpg does, or ConnectionError."""
    _, arguments = database.url.get_dialect()().create_connect_args(database.url)
    connection = await asyncpg.connect(**arguments, timeout=CONNECT_WITHIN)
    ended = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _connection: ended.set())
        await connection.add_listener(_CHANNEL, lambda _connection, _pid, _channel, what: hear(what))
        hear(ARRIVED)  # what came while nobody listened
        await ended.wait()
    finally:
        connection.terminate()
    raise ConnectionError("it ended")
