"""Which of OpenBLAS's kernels this processor gets. `nlu.rasa_environment` chooses, before numpy is
imported.

numpy 1.23 and scipy 1.10 each carry an OpenBLAS that is older than many a processor. One that it does not
know gets kernels for processors of twenty years ago, several times slower, and scipy's died in one of them.
So where it guesses, the family is taken that the processor's own flags allow. Whatever is taken has to give
the known answer first (`nlu.arithmetic.known_answer`), in a process of its own; if it does not, the next
safer family is tried. What came out is remembered until the processor, the libraries or our arithmetic
change. Somebody's own OPENBLAS_CORETYPE is tried as well, and left alone.

`python -m nlu.arithmetic.openblas` chooses at set-up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from nlu.console import say

PROJECT = Path(__file__).resolve().parents[2]

SETTING = "OPENBLAS_CORETYPE"
REMEMBERED = Path("build/processor.json")

FAMILIES = {
    "Haswell": {"avx2", "fma"},
    "Sandybridge": {"avx"},
    "Nehalem": {"sse4_2"},
    "Prescott": {"pni"},
}
"""Those of x86-64 that every OpenBLAS has, the fastest first, and the flags that each needs."""

SLOW = {"sandybridge", "nehalem", "prescott", "core2", "penryn", "atom", "generic"}
"""What OpenBLAS takes where it knows no better, in small letters."""

TRIED_SECONDS = 600
"""How long the known answer may take. It takes some ten seconds, more on a machine that has other work."""

_ASK = """
import json, numpy, scipy.linalg, threadpoolctl
libraries = [library for library in threadpoolctl.threadpool_info() if library["internal_api"] == "openblas"]
print(json.dumps([library["architecture"] for library in libraries]))
"""


def choose() -> None:
    """Set OPENBLAS_CORETYPE for this process and those that it starts, unless the library chooses well."""
    key, remembered = _key(), _remembered()
    if key not in remembered:
        family = _tried()
        with contextlib.suppress(OSError):  # then it is tried again at the next start
            _remember({**remembered, key: family})
    else:
        family = remembered[key]
    if family:
        os.environ[SETTING] = family


def candidates(cores: Iterable[str], flags: set[str]) -> list[str | None]:
    """The families to try in turn; None is the library's own choice.

    Args:
        cores: what each copy of the library takes by itself.
        flags: of the processor, as in /proc/cpuinfo; empty where it is not of the kind x86.
    """
    able: list[str | None] = [family for family, needs in FAMILIES.items() if needs <= flags]
    known = {core.casefold() for core in cores}
    best = str(able[0]).casefold() if able else ""
    if able and known & (SLOW - {best}):
        return able
    return [None, *(family for family in able if str(family).casefold() not in known)]


def _tried() -> str | None:
    """The first family that gives the known answer, or else the safest; None to leave the choice as it is."""
    if somebodys := os.environ.get(SETTING):
        if wrong := _wrong(None):
            say(f"{SETTING}={somebodys} is set, and with it {wrong}: take it out, or set another family")
        return None
    *others, safest = candidates(_cores(), set(_processor().get("flags", "").split()))
    for family in others:
        if not (wrong := _wrong(family)):
            return family
        say(f"with OpenBLAS's kernels for {family or 'this processor'} {wrong}; a safer family is tried")
    if wrong := _wrong(safest):
        say(f"with every family of OpenBLAS's kernels {wrong}; trainings may fail on this machine")
    return safest


def _cores() -> list[str]:
    """What each copy of OpenBLAS takes by itself."""
    asked = _run(None, "-c", _ASK)
    return list(json.loads(asked.stdout)) if asked.returncode == 0 else []


def _wrong(family: str | None) -> str | None:
    """What happens with a family instead of the known answer, in words; None if nothing else does."""
    try:
        status = _run(family, "-m", "nlu.arithmetic.known_answer").returncode
    except subprocess.TimeoutExpired:
        return "a sum takes for ever"
    if status < 0:
        return f"a sum ends the process (signal {-status})"
    return "a sum comes out wrong" if status else None


def _run(family: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    chosen = {SETTING: family} if family else {}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **chosen},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TRIED_SECONDS,
    )


def _key() -> str:
    """A name for everything that the choice depends on."""
    processor = _processor()
    arithmetic = [
        PROJECT / "nlu" / name for name in ("arithmetic/known_answer.py", "components/kernel_machine.py")
    ]
    parts = [
        platform.machine(),
        *(processor.get(field, "") for field in ("model name", "cpu family", "model", "flags")),
        *(f"{package} {version(package)}" for package in ("numpy", "scipy")),
        *(file.read_text(encoding="utf-8") for file in arithmetic),
        os.environ.get(SETTING, ""),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _processor() -> dict[str, str]:
    """What the kernel tells of the first processor; empty where it does not."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
        fields = [line.partition(":") for line in first.splitlines()]
        return {name.strip(): value.strip() for name, _, value in fields}
    return {}


def _remembered() -> dict[str, str | None]:
    """The choices so far, by `_key`."""
    try:
        return dict(json.loads(REMEMBERED.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _remember(choices: dict[str, str | None]) -> None:
    REMEMBERED.parent.mkdir(parents=True, exist_ok=True)
    half = REMEMBERED.with_suffix(f".{os.getpid()}.part")
    half.write_text(json.dumps(choices, indent=1), encoding="utf-8")
    half.replace(REMEMBERED)


if __name__ == "__main__":
    choose()
