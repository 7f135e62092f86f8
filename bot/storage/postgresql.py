"""PostgreSQL: a pool of connections to a server that may be slow, hang or be gone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.log import describe
from bot.storage.backend import CONNECT_WITHIN, WITHIN, R, Work
from bot.storage.errors import sqlstate

log = structlog.get_logger(__name__)

DEADLOCK = "40P01"
"""How PostgreSQL says that it ended one of two transactions that waited for each other."""


APPLICATION = "hoi-can-tho"
"""How our sessions are called in pg_stat_activity."""

CUT_OFF_SECONDS = 2 * WITHIN
"""For how long the server has waited for more of a statement, of which ours tell all at once."""

_END_CUT_OFF = text("""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = :name AND usename = current_user AND state = 'active' AND wait_event = 'ClientRead'
AND state_change < clock_timestamp() - make_interval(secs => :seconds)
""")


class PostgresqlBackend:
    """A PostgreSQL database. Whatever waits for the server has a deadline, there and here."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._opened: dict[Any, AsyncEngine] = {}
        self._engine, self._since = self._new_engine(), time.monotonic()
        self._old: set[asyncio.Task[None]] = set()

    def _new_engine(self) -> AsyncEngine:
        milliseconds = str(int(1000 * WITHIN))
        engine = create_async_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=CONNECT_WITHIN,
            connect_args={
                "timeout": CONNECT_WITHIN,
                "server_settings": {
                    "application_name": APPLICATION,
                    "statement_timeout": milliseconds,
                    "lock_timeout": str(1000 * CONNECT_WITHIN),
                    # A process that is gone, or cut off, does not keep a chat locked.
                    "idle_in_transaction_session_timeout": milliseconds,
                    "tcp_keepalives_idle": "30",
                    "tcp_keepalives_interval": "10",
                    "tcp_keepalives_count": "3",
                },
            },
        )

        def note(connection: Any, _record: object) -> None:
            self._sweep()
            self._opened[connection.driver_connection] = engine

        event.listen(engine.sync_engine, "connect", note)
        return engine

    def submit(self, work: Work[R], within: float) -> asyncio.Future[R]:
        """As `Backend.submit`."""
        return asyncio.ensure_future(self._transaction(work, within))

    async def _transaction(self, work: Work[R], within: float) -> R:
        while True:  # as long as whoever waits for it gives it
            try:
                return await self._once(work, within)
            except DBAPIError as error:
                if sqlstate(error) != DEADLOCK:
                    raise
                log.info("deadlock")  # the other one gets by, and then we do

    async def _once(self, work: Work[R], within: float) -> R:
        async with self._engine.begin() as connection:
            if within > WITHIN:
                limit = f"SET LOCAL statement_timeout = {int(1000 * within)}"
                await connection.execute(text(limit))
                await connection.execute(text("SET LOCAL lock_timeout = 0"))
            return await connection.run_sync(work)

    def give_up(self) -> None:
        """Begin with new connections: where one hangs, those that lie in the pool do, too."""
        if time.monotonic() - self._since < WITHIN:
            return
        old, self._engine, self._since = self._engine, self._new_engine(), time.monotonic()
        task = asyncio.create_task(self._dispose(old))
        self._old.add(task)
        task.add_done_callback(self._old.discard)

    async def close(self) -> None:
        """As `Backend.close`."""
        try:
            await asyncio.gather(self._dispose(self._engine), *self._old)
        finally:
            for connection in list(self._opened):
                connection.terminate()

    async def _dispose(self, engine: AsyncEngine) -> None:
        """Take leave of a server; of one that does not hear it, without."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await engine.dispose()
        except Exception as error:  # the server is told, or it finds out
            log.info("connections_dropped", **describe(error))
        self._sweep()

    def _sweep(self) -> None:
        """Close what was given up, as soon as nobody is at work on it."""
        for connection, engine in list(self._opened.items()):
            if connection.is_closed():
                del self._opened[connection]
            elif engine is not self._engine and not connection.is_in_transaction():
                connection.terminate()
                del self._opened[connection]


def end_cut_off(connection: Connection) -> None:
    """End the sessions of this role, of any process, that were cut off in the middle of a statement.

    What they have locked stays locked: while the server reads from a client it heeds none of its timeouts
    (PostgreSQL's ProcessInterrupts), and between two messages of a statement a transaction is not idle to it.
    """
    connection.execute(_END_CUT_OFF, {"name": APPLICATION, "seconds": CUT_OFF_SECONDS})
