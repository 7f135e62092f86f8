"""A burst is written in few transactions, and what cannot be written costs nobody else a message."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest
from sqlalchemy import Engine, event

from bot.domain.message import Message
from bot.storage.errors import DatabaseAway, Unwritable
from bot.storage.inbox import Inbox
from tests.support.databases import on_both_databases
from tests.support.inbox import message

pytestmark = on_both_databases


async def test_many_at_once_are_all_accepted_once(inbox: Inbox) -> None:
    ids = await asyncio.gather(*(inbox.accept(message(str(n % 20), f"chat {n}")) for n in range(40)))
    assert len({id_ for id_ in ids if id_ is not None}) == 20
    assert ids.count(None) == 20


async def test_a_burst_is_written_in_few_transactions_and_in_the_order_it_came(inbox: Inbox) -> None:
    commits: list[object] = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", note)
    ids = await asyncio.gather(*(inbox.accept(message(str(n), f"chat {n}")) for n in range(200)))
    event.remove(Engine, "commit", note)
    written = [id_ for id_ in ids if id_ is not None]
    assert len(written) == 200
    assert written == sorted(written)
    assert len(commits) <= 3


async def test_a_database_that_is_gone_fails_each_of_a_burst_and_takes_what_comes_later(inbox: Inbox) -> None:
    def fail(_connection: object) -> None:
        raise OSError("gone")

    event.listen(Engine, "begin", fail)
    said = await asyncio.gather(*(inbox.accept(message(str(n))) for n in range(20)), return_exceptions=True)
    event.remove(Engine, "begin", fail)
    assert [type(error) for error in said] == [DatabaseAway] * 20
    assert await inbox.accept(message("1")) is not None


async def test_a_sender_who_hangs_up_takes_no_connection_along(inbox: Inbox) -> None:
    for steps in range(40):
        accepting = asyncio.create_task(inbox.accept(message(f"cancelled {steps}")))
        for _ in range(steps):
            await asyncio.sleep(0)  # one step further than the last time
        accepting.cancel()
        assert await inbox.accept(message(f"next {steps}")) is not None


class TestHostileNeighbours:
    """What the database can never take, and came past the border all the same."""

    HOSTILE: ClassVar[dict[str, Message]] = {
        "half a character": replace(message("h"), text="\ud800"),
        "a NUL": replace(message("n"), button="\x00"),
        "a half in the chat": replace(message("c"), conversation="c\udfff"),
        "a number that is none": replace(message("b"), is_cut=10**40),  # type: ignore[arg-type]
    }

    @pytest.mark.parametrize("name", HOSTILE)
    async def test_they_cost_nobody_else_a_message(self, inbox: Inbox, name: str) -> None:
        innocents = [message(f"innocent {n}", f"chat {n}") for n in range(59)]
        arrivals = [*innocents[:30], self.HOSTILE[name], *innocents[30:]]
        said = await asyncio.gather(*(inbox.accept(one) for one in arrivals), return_exceptions=True)
        culprit = said.pop(30)
        assert [id_ for id_ in said if not isinstance(id_, int)] == []
        assert len(set(said)) == 59
        if inbox._database.is_sqlite and name == "a NUL":
            assert isinstance(culprit, int), "SQLite can hold it"
        else:
            assert isinstance(culprit, Unwritable)
        assert await inbox.is_reachable()

    async def test_only_they_are_refused(self, inbox: Inbox) -> None:
        hostile = [replace(message(f"h{n}"), text="\ud800") for n in range(7)]
        innocent = [message(f"i{n}", f"chat {n}") for n in range(7)]
        both = [one for pair in zip(hostile, innocent, strict=True) for one in pair]
        said = await asyncio.gather(*(inbox.accept(one) for one in both), return_exceptions=True)
        assert [type(error) for error in said[::2]] == [Unwritable] * 7
        assert all(isinstance(id_, int) for id_ in said[1::2])
