"""The whole service in a process of its own, for as long as a context is open."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import ROOT, forked
from tests.support.forked import Forked


async def start(directory: Path, settings: Mapping[str, str], changed: str = "") -> Forked:
    """The service; `changed`: Python that is run before it, in the same process."""
    module = "bot"
    if changed:
        module = "changed_bot"
        run = "\nimport runpy\nrunpy.run_module('bot', run_name='__main__', alter_sys=True)\n"
        (directory / f"{module}.py").write_text(changed + run, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **settings}
    return await forked.start(module, "run", cwd=directory, env=environment, stderr=PIPE)


async def stopped(process: Forked) -> str:
    """Ask it to stop, once, and wait until it has, well; what else it says."""
    assert process.stderr is not None
    process.terminate()
    async with asyncio.timeout(20):
        said = await process.stderr.read()
        assert await process.wait() == 0
    return said.decode()


@asynccontextmanager
async def running(
    directory: Path, settings: Mapping[str, str], changed: str = ""
) -> AsyncIterator[tuple[Forked, str]]:
    """The service and its address. It must end well."""
    process = await start(directory, {"PORT": "0", **settings}, changed)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            async for line in process.stderr:
                event = json.loads(line)
                if event["event"] == "serving":
                    break
        yield process, event["url"]
        if process.returncode is None:  # the test may have stopped it
            await stopped(process)
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def failed_start(directory: Path, settings: Mapping[str, str]) -> str:
    process = await start(directory, settings)
    _, stderr = await process.communicate()
    assert process.returncode == 1
    said = stderr.decode()
    assert "Traceback" not in said
    return said
