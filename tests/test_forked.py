"""What tests start of the bot is what `python -m` would start, and is not waited for in vain."""

from __future__ import annotations

import asyncio
import select
import socket
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.support import forked

pytestmark = pytest.mark.server


async def test_what_modules_set_of_the_environment_is_set_in_what_is_forked(tmp_path: Path) -> None:
    says = "import os; print(os.environ['PTB_TIMEDELTA'], os.environ['ASKED_FOR'])"
    process = await forked.start(
        "timeit", "-n", "1", "-r", "1", says, cwd=tmp_path, env={"ASKED_FOR": "yes"}, stdout=PIPE
    )
    said, _ = await process.communicate()
    assert said.splitlines()[0] == b"true yes"


async def test_an_exit_status_and_the_end_by_a_signal_are_told(tmp_path: Path) -> None:
    failing = await forked.start("json.tool", "nothing.json", cwd=tmp_path, env={}, stderr=PIPE)
    await failing.communicate()
    assert failing.returncode == 2
    waiting = await forked.start("timeit", "import time; time.sleep(600)", cwd=tmp_path, env={})
    waiting.kill()
    assert await waiting.wait() == -9


async def test_that_the_process_that_forks_has_ended_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, server = socket.socketpair()
    monkeypatch.setattr(forked, "_fork_server", lambda: ours)
    starting = asyncio.create_task(forked.start("timeit", cwd=tmp_path, env={}))
    await asyncio.to_thread(select.select, [server], [], [], 30)
    server.close()
    with pytest.raises(AssertionError, match="the process that forks has ended"):
        await starting
    ours.close()
