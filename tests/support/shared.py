"""What is made once for all workers of a run, whichever of them needs it first."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the whole run: that of each worker of pytest-xdist is below it."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@asynccontextmanager
async def alone(directory: Path, name: str) -> AsyncIterator[Path]:
    """One worker at a time is in this context; gives the file that they share."""
    file = directory / name
    with (directory / f"{name}.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield file


async def made_once(directory: Path, name: str, make: Callable[[], Awaitable[T]]) -> T:
    """What `make` gives to the first who asks, for all; it has to be something that can be pickled."""
    async with alone(directory, name) as file:
        if not file.exists():
            file.write_bytes(pickle.dumps(await make()))
        made: T = pickle.loads(file.read_bytes())
        return made
