"""A PostgreSQL that swallows what it is sent: nobody waits for it longer than a few seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import Connection, event, func, make_url, select, text

from bot.storage import postgresql
from bot.storage.backend import WITHIN
from bot.storage.database import Database
from bot.storage.errors import DatabaseAway
from bot.storage.inbox import Inbox
from bot.storage.schema import migrate
from stand_ins.postgres import Cluster
from stand_ins.proxy import Proxy
from stand_ins.rasa import RasaStandIn
from tests.support.app import running
from tests.support.databases import SOMEBODY_WAITS
from tests.support.inbox import HERE, message

AT_MOST = WITHIN + 2


@pytest.fixture
async def proxy(postgres: Cluster) -> AsyncIterator[Proxy]:
    async with Proxy(postgres.directory / ".s.PGSQL.5432").running() as proxy:
        yield proxy


@pytest.fixture
def proxied_url(proxy: Proxy, postgres_url: str, postgres: Cluster) -> str:
    """A database behind the proxy."""
    name = make_url(postgres_url).database
    return f"postgresql+asyncpg://{postgres.account}@127.0.0.1:{proxy.port}/{name}"


@pytest.fixture
async def inbox(proxied_url: str) -> AsyncIterator[Inbox]:
    database = Database(proxied_url)
    await migrate(database)
    inbox = Inbox(database, "secret")
    await inbox.open()
    yield inbox
    await inbox.close()


async def test_whatever_is_asked_of_it_fails_in_time(inbox: Inbox, proxy: Proxy) -> None:
    proxy.stall()
    began = time.monotonic()
    asked = [inbox.accept(message(str(n))) for n in range(20)], inbox.claim(HERE), inbox.backlog()
    said = await asyncio.gather(*asked[0], *asked[1:], return_exceptions=True)
    assert {type(error) for error in said} == {DatabaseAway}
    assert not await inbox.is_reachable()
    assert time.monotonic() - began < 2 * AT_MOST


async def test_where_only_old_connections_hang_new_ones_are_made(inbox: Inbox, proxy: Proxy) -> None:
    await asyncio.gather(*(inbox.find("test", str(n)) for n in range(5)))  # as many as the pool keeps
    assert proxy.connections > 1
    proxy.stall(new_ones_too=False)
    with pytest.raises(DatabaseAway):
        await inbox.accept(message("1"))
    assert await inbox.accept(message("2")) is not None
    assert await inbox.is_reachable()


async def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(inbox: Inbox) -> None:
    other = Database(inbox._database.url.render_as_string(hide_password=False))
    locked, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with other._backend._engine.begin() as connection:  # type: ignore[attr-defined]
            await connection.execute(text("LOCK TABLE inbox"))
            locked.set()
            await release.wait()

    holding = asyncio.create_task(hold())
    await locked.wait()
    began = time.monotonic()
    with pytest.raises(DatabaseAway):
        await inbox.accept(message("1"))
    assert time.monotonic() - began < AT_MOST
    release.set()
    await holding
    await other.close()
    assert await inbox.accept(message("1")) is not None


async def test_whoever_is_cut_off_in_the_middle_of_a_statement_keeps_no_chat_locked(
    inbox: Inbox, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await inbox.accept(message("1"))
    entry = await inbox.claim(HERE)
    assert entry
    lost = await asyncpg.connect(
        postgres_url.replace("+asyncpg", ""), server_settings={"application_name": postgresql.APPLICATION}
    )
    await lost.execute("BEGIN")
    await lost.execute("DELETE FROM chat")
    await lost.prepare("SELECT 1")  # and what to do with it never comes
    with pytest.raises(DatabaseAway):
        await inbox.answered(entry)

    monkeypatch.setattr(postgresql, "CUT_OFF_SECONDS", 0.1)
    await inbox.renew([entry.lease])

    await inbox.answered(entry)
    assert lost.is_closed()


async def test_of_two_that_wait_for_each_other_ours_is_done_again(inbox: Inbox) -> None:
    other = Database(inbox._database.url.render_as_string(hide_password=False))
    begun = []
    has_one = asyncio.Event()

    def lock(connection: Connection, number: int) -> None:
        connection.execute(select(func.pg_advisory_xact_lock(number)))

    def ours(connection: Connection) -> str:
        begun.append(connection)
        lock(connection, 1)
        has_one.set()
        while len(begun) == 1 and not connection.scalar(SOMEBODY_WAITS):
            pass
        lock(connection, 2)
        return "done"

    async with other._backend._engine.connect() as theirs:  # type: ignore[attr-defined]
        # Whoever finds the deadlock first gives way.
        await theirs.execute(text("SET deadlock_timeout = '1min'"))
        await theirs.run_sync(lock, 2)
        working = asyncio.create_task(inbox._database.transact(ours))
        await has_one.wait()
        await theirs.run_sync(lock, 1)
        await theirs.commit()
    assert await working == "done"
    assert len(begun) == 2
    await other.close()


async def test_no_connection_stays_open_whatever_became_of_it(proxied_url: str, proxy: Proxy) -> None:
    database = Database(proxied_url)
    opened: list[Any] = []

    def note(connection: Any, _record: object) -> None:
        opened.append(connection.driver_connection)

    event.listen(database._backend._engine.sync_engine, "connect", note)  # type: ignore[attr-defined]
    await migrate(database)
    inbox = Inbox(database, "secret")
    await asyncio.gather(*(inbox.find("test", str(n)) for n in range(5)))  # as many as the pool keeps
    assert len(opened) > 1
    proxy.stall()
    with pytest.raises(DatabaseAway):
        await inbox.find("test", "1")
    await inbox.close()
    assert all(connection.is_closed() for connection in opened)


async def test_closing_does_not_wait_for_it(proxied_url: str, proxy: Proxy) -> None:
    database = Database(proxied_url)
    await migrate(database)
    proxy.stall()
    hanging = asyncio.create_task(database.transact(lambda connection: None, within=60))
    await asyncio.sleep(0)
    began = time.monotonic()
    await database.close()
    assert time.monotonic() - began < 10
    hanging.cancel()


async def test_the_service_says_so_and_ends_when_it_is_told_to(
    tmp_path: Path, small_content: Path, proxied_url: str, proxy: Proxy
) -> None:
    async with RasaStandIn().serving() as rasa_url:
        settings = {"RASA_URL": rasa_url, "CONTENT_DIR": str(small_content), "DATABASE_URL": proxied_url}
        async with (
            running(tmp_path, settings) as (_process, url),
            httpx.AsyncClient(base_url=url, timeout=30) as http,
        ):
            question = {"conversation": "c", "text": "food", "key": "k"}
            assert (await http.post("/api/messages", json=question)).status_code == 200
            proxy.stall()
            began = time.monotonic()
            ready, answer = await asyncio.gather(
                http.get("/ready"), http.post("/api/messages", json={**question, "key": "k2"})
            )
            assert time.monotonic() - began < AT_MOST
            assert (ready.status_code, ready.json()["wrong"]) == (503, ["database"])
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            proxy.thaw()
            assert (await http.get("/ready")).status_code == 200
            assert (await http.post("/api/messages", json={**question, "key": "k2"})).status_code == 200
            proxy.stall()
            began = time.monotonic()
        assert time.monotonic() - began < 25, "`running` asks it to stop and waits for it"
