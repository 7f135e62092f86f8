"""The OA's tokens: renewed ahead of time, by one process, and never lost once they have arrived.

A refresh token works once. So before Zalo is asked it is written down that a renewal is under way,
and the new pair is written down before it is used. If a process dies in between, the next one
finds the mark: it tries the old refresh token once more, and if Zalo does not take it, only a
person can help, who is told so.
"""

from __future__ import annotations

import asyncio
import datetime
from contextlib import suppress

import structlog

from bot.channels.zalo.api import Pair, ZaloApi
from bot.channels.zalo.errors import GRANT_DEAD
from bot.channels.zalo.limits import RENEW_AFTER, RENEW_AGAIN_SECONDS, RENEWAL_SECONDS
from bot.channels.zalo.store import Grant, Renewal, WrongKey, ZaloStore
from bot.channels.zalo_calls import NoAnswer, ZaloError
from bot.domain.clock import Clock, utc_now
from bot.log import describe

log = structlog.get_logger(__name__)

LOGIN = "run `python -m bot zalo login`"

SAVE_AGAIN_SECONDS = 0.5
"""The pause between two tries to write a new pair down. It is tried until it works: there is no
other copy."""

RENEWAL_WAIT_SECONDS = 20.0
"""How long a message waits for a renewal: somewhat longer than its call may take."""

_HELD = datetime.timedelta(seconds=RENEWAL_SECONDS)


class NoToken(Exception):
    """There is no access token that Zalo would take; says why.

    is_lasting: until a person acts.
    """

    def __init__(self, reason: str, *, is_lasting: bool) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting


class Tokens:
    """The tokens of the OA, for one process."""

    def __init__(self, store: ZaloStore, api: ZaloApi, clock: Clock = utc_now) -> None:
        self._store = store
        self._api = api
        self._clock = clock
        self._under_way: asyncio.Task[None] | None = None
        self._not_before: datetime.datetime | None = None
        self._trouble: str | None = None

    async def current(self) -> Grant:
        """The tokens to use.

        Raises:
            NoToken: there are none, or they have expired and cannot be renewed now.
        """
        grant = await self._grant()
        if grant.expires_at > self._clock():
            return grant
        return await self.newer_than(grant)

    async def newer_than(self, grant: Grant) -> Grant:
        """The tokens after those that Zalo does not take any more; they are renewed if need be.

        Raises:
            NoToken: they cannot be renewed now.
        """
        await self._renew(grant)
        newer = await self._grant()
        if newer.generation == grant.generation:
            reason = _problem(newer, self._clock()) or self._trouble or "the tokens are being renewed"
            raise NoToken(reason, is_lasting=newer.refused is not None)
        return newer

    async def keep_fresh(self) -> None:
        """Renew the tokens if they are in the last part of their life, or a renewal was cut short."""
        with suppress(NoToken):
            grant = await self._grant()
            life = grant.expires_at - grant.saved_at
            if grant.renewing_since or self._clock() >= grant.saved_at + RENEW_AFTER * life:
                await self._renew(grant)

    async def problem(self) -> str | None:
        """What the operator should know of the tokens, with the way out; None if all is well."""
        try:
            return _problem(await self._grant(), self._clock()) or self._trouble
        except NoToken as error:
            return str(error)

    async def settle(self) -> None:
        """Wait until a renewal that is under way has ended."""
        if self._under_way:
            await asyncio.wait([self._under_way])

    async def _grant(self) -> Grant:
        try:
            grant = await self._store.grant()
        except WrongKey as error:
            reason = f"the tokens were encrypted with another ZALO_TOKEN_KEY: set it again, or {LOGIN}"
            raise NoToken(reason, is_lasting=True) from error
        if grant is None:
            reason = f"the app is not authorised by the Official Account yet: {LOGIN}"
            raise NoToken(reason, is_lasting=True)
        return grant

    async def _renew(self, grant: Grant) -> None:
        """Renew a pair, or wait until whoever of this process is at it has done so."""
        if self._under_way is None:
            is_pause = self._not_before is not None and self._clock() < self._not_before
            if grant.refused or is_pause:
                return
            self._under_way = asyncio.create_task(self._renew_once(grant.generation))
            self._under_way.add_done_callback(self._is_over)
        # It goes on when whoever waits for it is cancelled or has waited enough: a new pair must be written
        # down.
        await asyncio.wait([self._under_way], timeout=RENEWAL_WAIT_SECONDS)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self._under_way = None
        if not task.cancelled() and (error := task.exception()):
            log.error("zalo_renewal_failed", **describe(error))

    async def _renew_once(self, generation: int) -> None:
        renewal = await self._store.begin_renewal(generation, _HELD)
        if renewal is None:
            return
        was_cut_short = renewal.grant.renewing_since is not None
        if was_cut_short:
            log.error("zalo_renewal_was_cut_short", since=str(renewal.grant.renewing_since))
        try:
            pair = await self._api.renew(renewal.grant.refresh_token)
        except ZaloError as error:
            await self._refused(renewal, error, was_cut_short=was_cut_short)
        except NoAnswer as error:
            self._later(f"Zalo's token endpoint does not answer ({error})")
            # If Zalo may have heard us, the mark stays.
            if error.is_unsent and not was_cut_short:
                await self._store.not_renewed(renewal)
        else:
            await self._keep(renewal, pair)
            self._trouble = self._not_before = None
            log.info("zalo_tokens_renewed", generation=generation + 1)

    async def _keep(self, renewal: Renewal, pair: Pair) -> None:
        while True:
            try:
                await self._store.renewed(renewal, pair.access_token, pair.refresh_token, pair.life)
            except Exception as error:  # the database may come back
                log.error("zalo_tokens_not_saved", **describe(error))
                await asyncio.sleep(SAVE_AGAIN_SECONDS)
            else:
                return

    async def _refused(self, renewal: Renewal, error: ZaloError, *, was_cut_short: bool) -> None:
        if error.code not in GRANT_DEAD:
            self._later(f"Zalo refuses to renew the tokens ({error})")
            if not was_cut_short:
                await self._store.not_renewed(renewal)
            return
        reason = str(error)
        if was_cut_short:
            since = f"{renewal.grant.renewing_since:%Y-%m-%d %H:%M} UTC"
            reason = f"the renewal of {since} was cut short after Zalo had answered; {reason}"
        log.error("zalo_grant_is_dead", reason=reason)
        await self._store.not_renewed(renewal, refused=reason)

    def _later(self, trouble: str) -> None:
        self._trouble = trouble
        self._not_before = self._clock() + datetime.timedelta(seconds=RENEW_AGAIN_SECONDS)
        log.warning("zalo_tokens_not_renewed", reason=trouble)


def _problem(grant: Grant, now: datetime.datetime) -> str | None:
    """What a grant tells of its state."""
    until = f"{grant.expires_at:%Y-%m-%d %H:%M} UTC"
    end = f"messages fail since {until}" if grant.expires_at <= now else f"messages fail from {until} on"
    if grant.refused:
        return f"Zalo does not renew the tokens any more ({grant.refused}); {end}: {LOGIN}"
    if grant.renewing_since and grant.renewing_since <= now - _HELD:
        since = f"{grant.renewing_since:%Y-%m-%d %H:%M} UTC"
        return (
            f"the renewal of the tokens of {since} was cut short; it is tried again, and if Zalo "
            f"refuses, {end}: {LOGIN}"
        )
    if grant.expires_at <= now:
        return f"the access token expired at {until} and could not be renewed yet"
    return None
