"""How far a model is: told by whoever does a step, heard by whoever shows it.

It stands beside the trainer, not in it: components tell it, and a runner loads them, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Step = Literal["reading", "encoding", "fitting", "proving", "loading"]
"""As GET /status names them. "proving" is the validation."""


@dataclass(frozen=True)
class Progress:
    """step: what is being done; share: how much of it is done, from 0 to 1."""

    step: Step
    share: float


@dataclass(frozen=True)
class Stage:
    """Where a model is that is being made or loaded. started: of time.monotonic()."""

    model: str
    progress: Progress
    started: float

    def as_json(self) -> dict[str, Any]:
        """For GET /status, with the seconds that it has taken so far."""
        return {
            "model": self.model,
            "step": self.progress.step,
            "share": round(self.progress.share, 3),
            "seconds": round(time.monotonic() - self.started, 1),
        }


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
