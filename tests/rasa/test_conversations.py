"""Where Rasa remembers what is in hand."""

from __future__ import annotations

import asyncio
import json
import stat
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support import ROOT

pytestmark = pytest.mark.rasa

OPENED = """
import os, sys
from nlu.components.tracker_store import PrivateTrackerStore
os.umask(0)
store = PrivateTrackerStore(db=sys.argv[1])
store._events.append([("a", "b", 0.0, None, None, "{}")], "a", None)
os._exit(0)  # as killed: the log stays
"""


async def test_what_people_ask_about_is_its_owners_alone(tmp_path: Path) -> None:
    """Also a file that an older version left to everybody."""
    new, old = tmp_path / "new" / "conversations.sqlite3", tmp_path / "old" / "conversations.sqlite3"
    for file in (new, old):
        file.parent.mkdir()
    for name in (old.name, f"{old.name}-wal"):
        (old.parent / name).touch(0o644)
    for file in (new, old):
        process = await asyncio.create_subprocess_exec(
            ROOT / ".venv-rasa/bin/python", "-c", OPENED, str(file), cwd=ROOT
        )
        assert await process.wait() == 0

    rights = {part.name: stat.S_IMODE(part.stat().st_mode) for part in tmp_path.glob("*/*")}

    assert rights == {f"conversations.sqlite3{end}": 0o600 for end in ("", "-wal", "-shm")}


KEPT = """
import json, sys
from nlu.components.events import Events
events = [Events(sys.argv[1]) for _ in range(2)]  # two runners, or one and its successor
results = []
for name, *arguments in json.loads(sys.argv[2]):
    which = events[len(results) % 2]
    if name == "say":
        sender, word, turn = arguments
        results.append(which.append([(sender, "user", turn or 0.0, None, None, word)], sender, turn))
    elif name == "read":
        results.append([row["data"] for row in which.of_sender(arguments[0])])
    elif name == "senders":
        results.append(sorted(which.senders()))
    else:
        results.append(getattr(which, name)(*arguments))
print(json.dumps(results))
"""


async def kept(db: str, *steps: list[object]) -> list[object]:
    """What each step comes to, done by one runner and the other in turns."""
    process = await asyncio.create_subprocess_exec(
        ROOT / ".venv-rasa/bin/python", "-c", KEPT, db, json.dumps(steps), cwd=ROOT, stdout=PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return list(json.loads(printed))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where conversations are kept: a file, or a PostgreSQL that several share."""
    if request.param == "sqlite":
        return str(tmp_path / "conversations.sqlite3")
    url = make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


async def test_a_conversation_is_the_same_whichever_runner_is_asked(db: str) -> None:
    results = await kept(
        db,
        ["say", "a", "one", 100.0],
        ["say", "a", "two", 101.0],
        ["say", "b", "other", 100.5],
        ["read", "a"],
        ["read", "b"],
        ["senders"],
        ["forget", "a"],
        ["read", "a"],
        ["purge", 100.5],
        ["senders"],
    )
    assert results[3:6] == [["one", "two"], ["other"], ["a", "b"]]
    assert results[7] == []
    assert results[9] == []


async def test_what_comes_late_or_a_second_time_leaves_no_trace_in_its_conversation(db: str) -> None:
    results = await kept(
        db,
        ["say", "a", "one", 100.0],
        ["say", "a", "three", 102.0],
        ["say", "a", "two, late", 101.0],
        ["say", "a", "three again", 102.0],
        ["say", "a", "four", 103.0],
        ["read", "a"],
    )
    assert results[:5] == [True, True, False, False, True]
    assert results[5] == ["one", "three", "four"]


async def test_a_clock_that_was_wrong_for_a_while_silences_no_conversation(db: str) -> None:
    results = await kept(
        db, ["say", "a", "from the year to come", 1e9], ["say", "a", "now", 1e8], ["read", "a"]
    )
    assert results[2] == ["from the year to come", "now"]


BUSY = """
import sys, time
import psycopg2
from nlu.components.events import Events
Events(sys.argv[1]).append([("a", "user", 0.0, None, None, "one")], "a", 1.0)
with psycopg2.connect(sys.argv[1]) as writer, writer.cursor() as cursor:
    cursor.execute("INSERT INTO events (sender_id, type_name) VALUES ('b', 'user')")  # and not done yet
    cursor.execute("INSERT INTO turns (sender_id, turn) VALUES ('b', 1)")
    began = time.monotonic()
    begun = Events(sys.argv[1])
    assert begun.append([("c", "user", 0.0, None, None, "two")], "c", 1.0)
    assert time.monotonic() - began < 1.0  # a lock is waited for longer
"""


async def test_a_runner_that_begins_waits_for_nobody_who_writes(postgres_url: str) -> None:
    url = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(ROOT / ".venv-rasa/bin/python", "-c", BUSY, url, cwd=ROOT)
    assert await process.wait() == 0


LOST = """
import sys
import psycopg2
from nlu.components.events import Events
events = Events(sys.argv[1])
failures = [psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.DatabaseError]

def work(cursor):
    if failures:
        raise failures.pop()("no message from the libpq")
    return "done"

assert events._database.transact(work) == "done"
events.append([("a", "user", 0.0, None, None, "one")], "a", 1.0)
"""


async def test_whatever_a_dying_server_leaves_behind_is_tried_again(postgres_url: str) -> None:
    url = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(ROOT / ".venv-rasa/bin/python", "-c", LOST, url, cwd=ROOT)
    assert await process.wait() == 0
