"""The tokens: renewed ahead of time and once, kept before they are used, and what is wrong is said."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.zalo import ZaloApi
from bot.channels.zalo.store import ZaloStore
from bot.channels.zalo.tokens import NoToken, Tokens
from bot.storage.database import Database
from stand_ins.failures import Failure
from stand_ins.zalo import OA_ID, StandIn
from tests.support import ROOT, forked
from tests.support.clock import Clock
from tests.support.databases import on_both_databases
from tests.support.forked import Forked
from tests.support.zalo import KEY, authorise

OTHER_KEY = KEY.replace("A", "B")

HOUR = 3600


@pytest.fixture
def store(database: Database, clock: Clock) -> ZaloStore:
    return ZaloStore(database, OA_ID, KEY, clock)


@pytest.fixture
async def tokens(zalo: StandIn, store: ZaloStore, api: ZaloApi, clock: Clock) -> Tokens:
    await authorise(store, zalo)
    return Tokens(store, api, clock)


@pytest.fixture
async def others(
    zalo: StandIn, tokens: Tokens, database_url: str, api: ZaloApi, clock: Clock
) -> AsyncIterator[list[Tokens]]:
    """The same in what could be other processes: each has connections of its own."""
    databases = [Database(database_url) for _ in range(3)]
    yield [Tokens(ZaloStore(database, OA_ID, KEY, clock), api, clock) for database in databases]
    for database in databases:
        await database.close()


@pytest.fixture
def real_time(clock: Clock) -> None:
    """Processes of their own have a real clock."""
    clock.now = datetime.datetime.now(datetime.UTC)


def works(zalo: StandIn, access_token: str) -> bool:
    return access_token == zalo.grant._access[0] and not zalo.grant.is_dead


class TestRenewing:
    async def test_waits_until_most_of_their_life_is_over(
        self, zalo: StandIn, tokens: Tokens, clock: Clock
    ) -> None:
        clock.advance(hours=19.9)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 0
        clock.advance(hours=0.2)
        await tokens.keep_fresh()
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1
        grant = await tokens.current()
        assert works(zalo, grant.access_token)
        assert grant.expires_at == clock.now + datetime.timedelta(hours=25)
        assert await tokens.problem() is None

    async def test_goes_on_for_ever(self, zalo: StandIn, tokens: Tokens, clock: Clock) -> None:
        for _ in range(30):
            clock.advance(hours=21)
            await tokens.keep_fresh()
        assert zalo.grant.refreshes == 30
        assert works(zalo, (await tokens.current()).access_token)

    async def test_an_expired_token_is_renewed_before_it_is_used(
        self, zalo: StandIn, tokens: Tokens, clock: Clock
    ) -> None:
        clock.advance(hours=26)
        assert works(zalo, (await tokens.current()).access_token)

    @on_both_databases
    async def test_is_done_once_by_many_processes(
        self, zalo: StandIn, tokens: Tokens, others: list[Tokens]
    ) -> None:
        refused = await tokens.current()
        zalo.grant.expire()
        every = [tokens, *others]

        async def retried(some: Tokens) -> str:
            while True:  # as the worker does
                try:
                    return (await some.newer_than(refused)).access_token
                except NoToken as error:
                    if error.is_lasting:
                        raise
                    await asyncio.sleep(0.02)

        found = await asyncio.gather(*(retried(some) for some in every for _ in range(5)))
        assert zalo.grant.refreshes == 1
        assert len(set(found)) == 1
        assert works(zalo, found[0])

    @pytest.mark.server
    @pytest.mark.usefixtures("real_time")
    @on_both_databases
    async def test_is_done_once_by_processes_that_begin_at_the_same_moment(
        self, zalo: StandIn, tokens: Tokens, database_url: str, api_url: str
    ) -> None:
        processes = await asyncio.gather(*(renewing_process(database_url, api_url) for _ in range(2)))
        said = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
        assert zalo.grant.refreshes == 1
        first, second = (out.decode().split()[-1] for out, _ in said)  # the log stands before it
        assert first == second
        assert works(zalo, first)

    async def test_goes_on_when_whoever_waits_for_it_gives_up(self, zalo: StandIn, tokens: Tokens) -> None:
        zalo.failures.plan("access_token", Failure(seconds=0.1))
        waiting = asyncio.create_task(tokens.newer_than(await tokens.current()))
        await zalo.until(lambda: zalo.grant.refreshes == 1)
        waiting.cancel()
        await tokens.settle()
        assert works(zalo, (await tokens.current()).access_token)


class TestKeeping:
    @on_both_databases
    async def test_no_token_can_be_read_in_the_database(
        self, zalo: StandIn, tokens: Tokens, stored: Callable[[], bytes]
    ) -> None:
        grant = await tokens.newer_than(await tokens.current())
        content = stored()
        assert grant.access_token.encode() not in content
        assert grant.refresh_token.encode() not in content

    async def test_another_key_is_said_to_be_the_wrong_one(
        self, tokens: Tokens, database: Database, api: ZaloApi, clock: Clock
    ) -> None:
        other = Tokens(ZaloStore(database, OA_ID, OTHER_KEY, clock), api, clock)
        assert "ZALO_TOKEN_KEY" in str(await other.problem())
        with pytest.raises(NoToken) as error:
            await other.current()
        assert error.value.is_lasting

    async def test_a_pair_that_cannot_be_saved_is_not_lost(
        self, zalo: StandIn, tokens: Tokens, engine: AsyncEngine
    ) -> None:
        async def execute(statement: str) -> None:
            async with engine.begin() as connection:
                await connection.execute(text(statement))

        await execute(
            "CREATE TRIGGER full BEFORE UPDATE OF access_token ON zalo_account "
            "BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        )
        renewing = asyncio.create_task(tokens.newer_than(await tokens.current()))
        await zalo.until(lambda: zalo.grant.refreshes == 1)
        await execute("DROP TRIGGER full")
        assert works(zalo, (await renewing).access_token)

    async def test_a_login_during_a_renewal_counts(
        self, zalo: StandIn, tokens: Tokens, store: ZaloStore
    ) -> None:
        zalo.failures.plan("access_token", Failure(seconds=0.1))
        renewing = asyncio.create_task(tokens.newer_than(await tokens.current()))
        await zalo.until(lambda: zalo.grant.refreshes == 1)
        await authorise(store, zalo)
        assert works(zalo, (await renewing).access_token)


async def renewing_process(database_url: str, api_url: str) -> Forked:
    """A process that has read the tokens and is about to renew them."""
    process = await forked.start(
        "tests.support.renew", database_url, api_url,
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"read\n"
    return process


async def killed(database_url: str, api_url: str, is_reached: Callable[[], bool]) -> None:
    """A process that renews the tokens, killed at some point."""
    process = await renewing_process(database_url, api_url)
    assert process.stdin is not None
    process.stdin.write(b"\n")
    async with asyncio.timeout(20):
        while not is_reached():
            assert process.returncode is None
            await asyncio.sleep(0.01)  # between two looks at a condition
    process.send_signal(signal.SIGKILL)
    await process.wait()


@pytest.mark.usefixtures("real_time")
class TestACrash:
    @pytest.mark.server
    async def test_before_zalo_heard_of_it_heals_by_itself(
        self,
        zalo: StandIn,
        store: ZaloStore,
        tokens: Tokens,
        clock: Clock,
        database_url: str,
        api_url: str,
    ) -> None:
        zalo.failures.plan("access_token", Failure())  # hangs, and nothing happens
        await killed(database_url, api_url, lambda: zalo.failures.waiting() == 0)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 0  # whoever is at it may still be alive
        clock.advance(seconds=80)
        assert "was cut short" in str(await tokens.problem())
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1
        assert await tokens.problem() is None
        assert works(zalo, (await tokens.current()).access_token)

    @pytest.mark.server
    async def test_after_zalo_answered_is_told_with_the_way_out(
        self,
        zalo: StandIn,
        store: ZaloStore,
        tokens: Tokens,
        clock: Clock,
        database_url: str,
        api_url: str,
    ) -> None:
        zalo.failures.plan("access_token", Failure(is_done=True))  # the answer is never heard
        await killed(database_url, api_url, lambda: zalo.grant.refreshes == 1)
        clock.advance(seconds=80)
        await tokens.keep_fresh()
        problem = str(await tokens.problem())
        assert "was cut short" in problem
        assert "messages fail from" in problem
        assert "`python -m bot zalo login`" in problem
        # It is not tried for ever, and the way out is one.
        clock.advance(hours=1)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1
        await authorise(store, zalo)
        assert await tokens.problem() is None
        assert works(zalo, (await tokens.current()).access_token)


class TestTrouble:
    async def test_nobody_has_logged_in_yet(self, store: ZaloStore, api: ZaloApi, api_url: str) -> None:
        tokens = Tokens(store, api)
        assert "`python -m bot zalo login`" in str(await tokens.problem())
        await tokens.keep_fresh()
        with pytest.raises(NoToken) as error:
            await tokens.current()
        assert error.value.is_lasting

    async def test_a_revoked_grant_is_told_while_the_access_token_still_works(
        self, zalo: StandIn, tokens: Tokens, clock: Clock
    ) -> None:
        zalo.grant.revoke()
        clock.advance(hours=21)
        await tokens.keep_fresh()
        problem = str(await tokens.problem())
        assert "-14014" in problem
        assert "messages fail from" in problem
        assert "login" in problem
        clock.advance(hours=5)
        assert "messages fail since" in str(await tokens.problem())
        with pytest.raises(NoToken) as error:
            await tokens.current()
        assert error.value.is_lasting

    async def test_another_refusal_is_told_and_tried_again_a_minute_later(
        self, zalo: StandIn, tokens: Tokens, clock: Clock
    ) -> None:
        zalo.refuse(-14002, method="access_token")
        clock.advance(hours=21)
        await tokens.keep_fresh()
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 0
        assert "-14002" in str(await tokens.problem())
        clock.advance(seconds=61)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1
        assert await tokens.problem() is None

    async def test_a_token_endpoint_that_cannot_be_reached_leaves_no_mark(
        self, zalo: StandIn, store: ZaloStore, tokens: Tokens, api: ZaloApi, clock: Clock
    ) -> None:
        address, api._oauth_url = api._oauth_url, "http://127.0.0.1:9"
        clock.advance(hours=21)
        await tokens.keep_fresh()
        grant = await store.grant()
        assert grant
        assert grant.renewing_since is None
        assert "does not answer" in str(await tokens.problem())
        api._oauth_url = address
        clock.advance(seconds=61)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1

    @pytest.mark.parametrize(
        "failure", [Failure(502), Failure(200, {"access_token": "without the other"}), Failure(200, {})]
    )
    async def test_an_answer_that_says_nothing_is_asked_for_again(
        self, zalo: StandIn, tokens: Tokens, clock: Clock, failure: Failure
    ) -> None:
        zalo.failures.plan("access_token", failure)
        clock.advance(hours=21)
        await tokens.keep_fresh()
        assert await tokens.problem()
        clock.advance(seconds=61)
        await tokens.keep_fresh()
        assert zalo.grant.refreshes == 1
        assert await tokens.problem() is None
