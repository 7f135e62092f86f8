"""How far a training is: told by whoever does a step, heard by whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Step = Literal["reading", "encoding", "fitting", "proving", "loading"]


@dataclass(frozen=True)
class Progress:
    """step: what is being done; share: how much of it is done, from 0 to 1."""

    step: Step
    share: float


def _print(progress: Progress) -> None:
    print(f"{progress.step}: {progress.share:.0%}", flush=True)


_listener: Callable[[Progress], None] = _print


def listen(listener: Callable[[Progress], None]) -> None:
    """Have this process tell its progress to `listener`; without one, it is printed."""
    global _listener  # noqa: PLW0603 a process makes one model at a time
    _listener = listener


def tell(step: Step, share: float) -> None:
    """Tell how much of a step is done."""
    _listener(Progress(step, share))
