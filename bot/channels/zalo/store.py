"""What the Zalo channel keeps: the OA's tokens, encrypted, and the options that a number picks."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, Row, Select, Update, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.channels.numbered import NumberedOptions
from bot.domain.clock import Clock, utc_now
from bot.storage.database import Database
from bot.storage.models import Subscription, ZaloAccount

SAVE_WITHIN = 30.0
"""Seconds that saving a pair of tokens may take: the pair before it is worthless by then."""


class WrongKey(Exception):
    """The tokens were encrypted with another key."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The tokens of the OA.

    generation: counts the pairs; a later one makes an earlier one worthless.
    renewing_since: when a renewal was begun whose outcome is not written down: it is under way,
    or was cut short.
    refused: why Zalo will not renew them any more.
    """

    access_token: str
    refresh_token: str
    generation: int
    saved_at: datetime.datetime
    expires_at: datetime.datetime
    renewing_since: datetime.datetime | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """The right to renew a pair of tokens, once. attempt: proof of it."""

    attempt: str
    grant: Grant


class ZaloStore(NumberedOptions):
    """The rows of one OA, for one process."""

    def __init__(self, database: Database, oa_id: str, key: str, clock: Clock = utc_now) -> None:
        """`key` encrypts the tokens: a Fernet key, 32 bytes in base64url.

        Raises:
            ValueError: it is none.
        """
        super().__init__(database, clock)
        self._oa_id = oa_id
        self._cipher = Fernet(key)

    # The tokens.

    async def grant(self) -> Grant | None:
        """The tokens; None if the app was never authorised.

        Raises:
            WrongKey: they cannot be read.
        """
        row = await self._database.transact(lambda connection: connection.execute(self._mine()).one_or_none())
        return self._grant(row) if row else None

    async def authorised(self, access_token: str, refresh_token: str, life: datetime.timedelta) -> None:
        """Keep the tokens that a person's authorisation gave; those before no longer count.

        Args:
            access_token, refresh_token: the pair.
            life: of the access token.
        """

        def work(connection: Connection) -> None:
            self._locked(connection)
            self._save(connection, access_token, refresh_token, life)

        await self._database.transact(work, within=SAVE_WITHIN)

    async def begin_renewal(self, generation: int, held: datetime.timedelta) -> Renewal | None:
        """Write down that the tokens are about to be renewed, before Zalo is asked to.

        The row is locked meanwhile, so that of several processes one does it.

        Args:
            generation: of the pair that is to be replaced.
            held: for how long the right stays with a process that says nothing.

        Returns:
            None if the pair is another by now, or somebody is at it.

        Raises:
            WrongKey: they cannot be read.
        """
        now, attempt = self._clock(), secrets.token_hex(16)

        def work(connection: Connection) -> Renewal | None:
            grant = self._grant(self._locked(connection))
            if grant is None or grant.generation != generation:
                return None
            if grant.renewing_since is not None and grant.renewing_since > now - held:
                return None
            connection.execute(self._change().values(renewing=attempt, renewing_since=now))
            return Renewal(attempt, grant)

        return await self._database.transact(work)

    async def renewed(
        self, renewal: Renewal, access_token: str, refresh_token: str, life: datetime.timedelta
    ) -> None:
        """Keep the new pair, before it is used. After a later authorisation it no longer counts."""

        def work(connection: Connection) -> None:
            row = self._locked(connection)
            if row.generation == renewal.grant.generation:
                self._save(connection, access_token, refresh_token, life)

        await self._database.transact(work, within=SAVE_WITHIN)

    async def not_renewed(self, renewal: Renewal, refused: str | None = None) -> None:
        """Write down that the pair is still the old one; refused: if so for good, why."""
        mine = self._change().where(ZaloAccount.renewing == renewal.attempt)
        change = mine.values(renewing=None, renewing_since=None, refused=refused)
        await self._database.transact(lambda connection: connection.execute(change))

    def _save(
        self, connection: Connection, access_token: str, refresh_token: str, life: datetime.timedelta
    ) -> None:
        now = self._clock()
        connection.execute(
            self._change().values(
                access_token=self._encrypted(access_token),
                refresh_token=self._encrypted(refresh_token),
                generation=ZaloAccount.generation + 1,
                saved_at=now,
                expires_at=now + life,
                renewing=None,
                renewing_since=None,
                refused=None,
            )
        )

    def _mine(self) -> Select[Any]:
        return select(ZaloAccount.__table__).where(ZaloAccount.oa_id == self._oa_id)

    def _change(self) -> Update:
        return update(ZaloAccount).where(ZaloAccount.oa_id == self._oa_id)

    def _locked(self, connection: Connection) -> Row[Any]:
        """The OA's row, which nobody else changes until the transaction ends; made if need be."""
        self._make(connection)
        row: Row[Any] = connection.execute(self._mine().with_for_update()).one()
        return row

    def _make(self, connection: Connection) -> None:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        row = dialect.insert(ZaloAccount).values(oa_id=self._oa_id, generation=0)
        connection.execute(row.on_conflict_do_nothing())

    def _grant(self, row: Row[Any]) -> Grant | None:
        if row.access_token is None:
            return None
        return Grant(
            access_token=self._decrypted(row.access_token),
            refresh_token=self._decrypted(row.refresh_token),
            generation=row.generation,
            saved_at=row.saved_at,
            expires_at=row.expires_at,
            renewing_since=row.renewing_since,
            refused=row.refused,
        )

    def _encrypted(self, token: str) -> str:
        return self._cipher.encrypt(token.encode()).decode()

    def _decrypted(self, token: str) -> str:
        try:
            return self._cipher.decrypt(token).decode()
        except InvalidToken as error:
            raise WrongKey from error

    # The webhook.

    async def event_came(self) -> None:
        """Write down that Zalo has delivered an event just now."""
        change = self._change().values(event_at=self._clock())

        def work(connection: Connection) -> None:
            self._make(connection)
            connection.execute(change)

        await self._database.transact(work)

    async def last_event(self) -> datetime.datetime | None:
        """When the last event came, to any process; None if there never was one."""
        query = select(ZaloAccount.event_at).where(ZaloAccount.oa_id == self._oa_id)
        when: datetime.datetime | None = await self._database.transact(
            lambda connection: connection.scalar(query)
        )
        return when

    # What people leave behind.

    async def unfollowed(self, conversation: str, when: datetime.datetime) -> None:
        """Strike somebody who no longer follows off the list for news, unless they came back since."""
        subscription = (Subscription.conversation == conversation) & (Subscription.since <= when)
        strike = delete(Subscription).where(subscription)
        await self._database.transact(lambda connection: connection.execute(strike))
