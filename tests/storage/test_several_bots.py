"""Several bots on one PostgreSQL: one leads, they hear of each other, and nobody is answered twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from bot.channels.opaque import OpaqueNames
from bot.channels.throttle import SharedThrottle, Throttle
from bot.storage.database import Database
from bot.storage.inbox import Inbox, SavedPlans
from bot.storage.leadership import Leadership
from bot.storage.replies import POLL
from bot.storage.schema import migrate
from tests.support.inbox import HERE, PLANS, claim, message

LEASE = 1.0
"""Seconds of a lease, here."""


@pytest.fixture
async def databases(postgres_url: str) -> AsyncIterator[list[Database]]:
    """The same database, as three processes have it."""
    opened = [Database(postgres_url) for _ in range(3)]
    await migrate(opened[0])
    yield opened
    await asyncio.gather(*(database.close() for database in opened))


async def until(condition: Callable[[], bool], seconds: float = 10) -> float:
    """Wait for a condition; the seconds that it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (of others, that set no event of ours)
            await asyncio.sleep(0.01)  # between two looks at it
    return time.monotonic() - began


@asynccontextmanager
async def runs(leadership: Leadership) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(leadership.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


class TestLeading:
    async def test_one_of_them_leads_and_another_follows_when_it_ends(
        self, databases: list[Database]
    ) -> None:
        bots = [Leadership(database, lease=LEASE, look_seconds=0.1) for database in databases]
        async with AsyncExitStack() as stack:
            tasks = [await stack.enter_async_context(runs(bot)) for bot in bots]
            for _ in bots:
                await until(lambda: any(bot.leads() for bot in bots))
                (leader,) = [number for number, bot in enumerate(bots) if bot.leads()]
                tasks[leader].cancel()
                await asyncio.wait({tasks[leader]})
                assert not bots[leader].leads()

    async def test_one_that_hangs_leads_no_more_by_its_own_reckoning_before_another_does(
        self, databases: list[Database]
    ) -> None:
        hangs, other = (Leadership(database, lease=LEASE) for database in databases[:2])
        await hangs.look()  # and not again
        both: list[tuple[bool, bool]] = []
        while not other.leads():
            await other.look()
            both.append((hangs.leads(), other.leads()))
        assert (True, False) in both
        assert (True, True) not in both

    async def test_without_the_database_nobody_leads_for_longer_than_the_lease(
        self, databases: list[Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bot = Leadership(databases[0], lease=LEASE, look_seconds=0.1)
        async with runs(bot):
            await until(bot.leads)
            monkeypatch.setattr(databases[0], "_backend", Gone())
            await until(lambda: not bot.leads(), 2 * LEASE)

    async def test_with_sqlite_there_is_no_other(self, sqlite_url: str) -> None:
        assert Leadership(Database(sqlite_url)).leads()


class Gone:
    """A server that nobody reaches."""

    def submit(self, _work: object, _within: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_exception(OSError("gone"))
        return future

    def give_up(self) -> None:
        """Nothing to let go of."""

    async def close(self) -> None:
        """Nothing to close."""


class TestHearing:
    async def test_a_message_that_nobody_takes_here_wakes_the_others(self, databases: list[Database]) -> None:
        here, there = (Inbox(database, "secret") for database in databases[:2])
        async with listening(there):
            await here.accept(message("1"))
            await until(there.arrived.is_set)

    async def test_a_reply_from_another_process_is_there_before_the_next_look(
        self, databases: list[Database]
    ) -> None:
        here, there = (Inbox(database, "secret") for database in databases[:2])
        async with listening(here):
            asked = asyncio.create_task(here.ask(message("1"), 30))
            await until(here.arrived.is_set)
            entry = await claim(there)
            began = time.monotonic()
            await there.save_plans(entry, PLANS, lambda _: SavedPlans(PLANS, [{"id": "a"}]))
            assert await asked == [{"id": "a"}]
        assert time.monotonic() - began < POLL / 2

    async def test_it_listens_again_after_its_connection_was_cut(
        self, databases: list[Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.storage.wakeups.PAUSE", 0.05)
        here, there = (Inbox(database, "secret") for database in databases[:2])
        async with listening(there):
            await databases[0].transact(lambda connection: connection.exec_driver_sql(CUT) and None)
            there.arrived.clear()
            await until(there.arrived.is_set)  # it looks for what it missed
            there.arrived.clear()
            await here.accept(message("1"))
            await until(there.arrived.is_set)


CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%'
"""


@asynccontextmanager
async def listening(inbox: Inbox) -> AsyncIterator[None]:
    task = asyncio.create_task(inbox.listen())
    await until(inbox.arrived.is_set)
    inbox.arrived.clear()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class TestAskingTooMuch:
    async def test_what_is_let_through_is_the_same_wherever_it_is_asked(
        self, databases: list[Database]
    ) -> None:
        bots = [SharedThrottle("questions", 3, database, OpaqueNames("secret")) for database in databases]
        waits = [await bots[n % 3].take("a") for n in range(5)]
        alone = Throttle(3)
        assert waits == pytest.approx([alone.take("a") for _ in range(5)], abs=1)
        assert await bots[0].take("b") == 0

    async def test_who_asks_is_not_to_be_read(self, databases: list[Database]) -> None:
        await SharedThrottle("questions", 3, databases[0], OpaqueNames("secret")).take("192.0.2.7")
        rows = await databases[0].transact(
            lambda connection: str(connection.exec_driver_sql("SELECT * FROM web_allowance").all())
        )
        assert "192.0.2.7" not in rows

    async def test_it_is_forgotten_when_it_no_longer_counts(
        self, databases: list[Database], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await SharedThrottle("questions", 6000, databases[0], OpaqueNames("secret")).take("a")
        inbox = Inbox(databases[0], "secret")
        await inbox.open()
        rows: list[object] = [None]
        async with asyncio.timeout(10):
            while rows:
                await inbox.tidy()
                rows = await databases[0].transact(
                    lambda connection: list(connection.exec_driver_sql("SELECT * FROM web_allowance"))
                )


async def test_twelve_workers_answer_three_hundred_messages_of_one_chat_once_each_and_in_order(
    databases: list[Database],
) -> None:
    inboxes = [Inbox(database, "secret") for database in databases]
    for inbox in inboxes:
        await inbox.open()
    for number in range(300):
        await inboxes[number % 3].accept(message(str(number), text=str(number)))
    answered: list[str] = []

    async def work(inbox: Inbox) -> None:
        while len(answered) < 300:
            if (entry := await inbox.claim(HERE)) is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await inbox.arrived.wait()
                continue
            await inbox.save_plans(entry, PLANS)
            answered.append(entry.message.text)
            await inbox.answered(entry)

    await asyncio.gather(*(work(inboxes[number % 3]) for number in range(12)))
    assert answered == [str(number) for number in range(300)]
    assert set(Counter(answered).values()) == {1}
