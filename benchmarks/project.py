"""What the benchmarks start: the project, as it is here or as a copy."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Any

import httpx
import yaml

from stand_ins.serving import free_port

PROJECT = Path(__file__).resolve().parents[1]
READY_SECONDS = 900
"""A model that is not there yet takes minutes."""

FILES = (
    "config.yml", "domain.yml", "endpoints.yml", "credentials.yml",
    "build/vectors.sqlite3", "build/processor.json",
)  # fmt: skip


def questions() -> list[dict[str, Any]]:
    """Those of tests/nlu/: {q, lang, style}, and {id, also} if answered, {action} if small talk."""
    return [
        case
        for file in sorted((PROJECT / "tests" / "nlu").glob("*.yml"))
        for case in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def machine() -> str:
    """What a benchmark runs on, and how busy that is before it begins."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    kind, busy = model.group(1) if model else "an unknown kind", os.getloadavg()[0]
    return f"{os.cpu_count()} cores of {kind}, load before {busy:.1f}"


def complaints(*logs: Path) -> dict[str, int]:
    """Which warnings and errors bots have logged as JSON, and how often."""
    lines = [line for log in logs for line in log.read_text("utf-8", errors="replace").splitlines()]
    found = (re.search(r'"event": "(\w+)".*"level": "(?:warning|error)"', line) for line in lines)
    return dict(Counter(match.group(1) for match in found if match))


def copy_to(directory: Path) -> None:
    """A copy of all that `python -m bot run` needs, with the models and sentence vectors that are there."""
    (directory / ".venv-rasa").symlink_to((PROJECT / ".venv-rasa").resolve())
    for name in ("content", "nlu", "stories", "models", "tests/nlu"):
        if (PROJECT / name).exists():
            shutil.copytree(PROJECT / name, directory / name)
    for name in FILES:
        if (PROJECT / name).exists():
            (directory / name).parent.mkdir(exist_ok=True)
            shutil.copy(PROJECT / name, directory / name)


@asynccontextmanager
async def running_bot(
    directory: Path,
    settings: Mapping[str, str],
    log: IO[bytes],
    command: tuple[str, ...] = ("-m", "bot", "run"),
    output: int | IO[bytes] | None = None,
) -> AsyncIterator[tuple[Process, str]]:
    """The service in a directory, with these settings alone, once it is ready; and its address.

    log: what gets its log. command: how Python starts it. output: what gets what it prints; else the log.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=directory, stdout=output or log, stderr=log,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PORT": str(port), **settings},
    )  # fmt: skip
    try:
        await _until_ready(url, process)
        yield process, url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_ready(url: str, process: Process) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False) as http:
        async with asyncio.timeout(READY_SECONDS):
            while process.returncode is None:
                with suppress(httpx.TransportError):
                    if (await http.get("/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.1)  # between two looks
    raise SystemExit("The bot did not start.")
