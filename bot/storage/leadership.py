"""Which of several bots does what exactly one may do: poll Telegram, bring news, tidy up, teach.

It is the one that has the lease. The lease is a row, and not PostgreSQL's advisory lock, because a process
that hangs keeps its connection, and with it such a lock, for ever.
"""

from __future__ import annotations

import asyncio
import datetime
import secrets
import time

import structlog
from sqlalchemy import Connection, Interval, bindparam, delete, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.models import Leader

log = structlog.get_logger(__name__)

LEASE = 20.0
"""Seconds for which the leader stays so without renewing it. When it dies another leads after them."""

LOOK_SECONDS = 4.0
"""Seconds between two looks: of the leader to renew its lease, of the others for one that ran out."""

ROLE = "bot"


class Leadership:
    """Whether this process leads. With SQLite there is no other, and it does."""

    def __init__(
        self, database: Database, *, lease: float = LEASE, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._holder = secrets.token_hex(16)
        self._lease = lease
        self._look_seconds = look_seconds
        self._until = 0.0

    def leads(self) -> bool:
        """Whether this process is the one, also by the strictest reckoning."""
        return self._database.is_sqlite or time.monotonic() < self._until

    async def run(self) -> None:
        """Lead whenever nobody else does, until cancelled; then another may at once."""
        if self._database.is_sqlite:
            await asyncio.Event().wait()
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._look_seconds)
        finally:
            await self._hand_over()

    async def look(self) -> None:
        """Renew the lease, or take it if nobody else has it."""
        led, asked_at = self.leads(), time.monotonic()
        try:
            has_it = await self._database.transact(self._take)
        except DatabaseAway as error:
            log.info("leadership_unknown", reason=str(error))
            return
        # The lease began after the question, so it ends here no later than for the others.
        self._until = asked_at + self._lease if has_it else 0.0
        if has_it != led:
            log.info("leads" if has_it else "leads_no_more")

    def _take(self, connection: Connection) -> bool:
        lease = datetime.timedelta(seconds=self._lease)
        asked = {"mine": self._holder, "lease": lease, "longest": 2 * lease}
        return connection.execute(_TAKE, asked).scalar() is not None

    async def _hand_over(self) -> None:
        self._until = 0.0
        mine = delete(Leader).where(Leader.holder == self._holder)
        try:
            await self._database.transact(lambda connection: connection.execute(mine) and None)
        except DatabaseAway as error:  # it runs out
            log.info("leadership_not_handed_over", reason=str(error))


def _take() -> ReturningInsert[tuple[str]]:
    """The statement that takes or renews the lease; it returns a row if it is ours.

    The server's clock decides for everybody. A lease that ends later than any can was given by a clock that
    was wrong.
    """
    now = func.timezone("utc", func.clock_timestamp())
    lease, longest = (bindparam(name, type_=Interval()) for name in ("lease", "longest"))
    new = insert(Leader).values(role=ROLE, holder=bindparam("mine"), until=now + lease)
    is_free = or_(Leader.until <= now, Leader.until > now + longest)
    return new.on_conflict_do_update(
        index_elements=[Leader.role],
        set_={"holder": new.excluded.holder, "until": new.excluded.until},
        where=or_(Leader.holder == bindparam("mine"), is_free),
    ).returning(Leader.holder)


_TAKE = _take()
