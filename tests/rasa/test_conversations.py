"""Where Rasa remembers what is in hand."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.rasa

OPENED = """
import os, sys
from nlu.components.tracker_store import PrivateTrackerStore
os.umask(0)
store = PrivateTrackerStore(db=sys.argv[1])
store._database.execute("INSERT INTO events (sender_id, type_name) VALUES ('a', 'b')")
store._database.commit()
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
