"""Which of OpenBLAS's kernels this processor gets, found out once for all projects of the tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.support import ROOT

REMEMBERED = Path("build/processor.json")
"""Where nlu/arithmetic/openblas.py keeps it."""


def know_arithmetic(project: Path) -> None:
    """Put into a project what was found out, or else its Rasa side takes ten seconds of a processor for it.

    It is found out without the OPENBLAS_CORETYPE that somebody may have set: that is no part of what the
    tests start their processes with, and what is remembered depends on it.
    """
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "processor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            [ROOT / ".venv-rasa/bin/python", "-m", "nlu.arithmetic.openblas"],
            cwd=ROOT, env={"PATH": os.environ["PATH"]}, check=True,
        )  # fmt: skip
    (project / REMEMBERED).parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / REMEMBERED, project / REMEMBERED)
