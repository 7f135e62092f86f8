"""The name of a model: a digest of everything that it is made of."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from nlu.encoder import identity
from nlu.paths import CONFIG, DOMAIN, NLU, STORIES


def fingerprint(files: Mapping[str, str]) -> str:
    """A name, of 12 hexadecimal digits, for data, configuration, our code, what it stands on, and which
    encoder runs on this machine.

    Args:
        files: what content/ teaches, by name.
    """
    digest = hashlib.sha256(f"{identity.name()}\0".encode())
    for name, text in sorted(files.items()):
        digest.update(f"{name}\0{text}\0".encode())
    digest.update(_of_files([CONFIG, DOMAIN, *NLU.rglob("*.yml"), *STORIES.rglob("*.yml")]))
    digest.update(_code())
    return digest.hexdigest()[:12]


@cache
def _code() -> bytes:
    """A digest of what runs: once, since a process goes on with the code that it began with."""
    code = _of_files([*NLU.rglob("*.py"), NLU / "requirements.lock"])
    return code + f"{platform.python_version()} {platform.machine()}".encode()


def _of_files(files: Iterable[Path]) -> bytes:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.digest()
