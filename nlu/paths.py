"""Where the Rasa side's files are, from the project's directory, and how they are read."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nlu.encoder import identity

EXPORT = Path("build/rasa")
MODELS = Path("models")
CONFIG = Path("config.yml")
DOMAIN = Path("domain.yml")
ENDPOINTS = Path("endpoints.yml")
CREDENTIALS = Path("credentials.yml")
NLU = Path("nlu")
STORIES = Path("stories")
MUST_PASS = NLU / "must_pass.yml"
EVALUATION = Path("tests/nlu")


def read_yaml(file: Path) -> Any:
    """What a file says, read with libyaml where it is there: ten times as fast.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: it cannot be read; the last one tells the file's name.
    """
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    with file.open(encoding="utf-8") as text:
        return yaml.load(text, loader)  # noqa: S506 both are safe


def fingerprint(files: Mapping[str, str] | None = None) -> str:
    """A name for everything that a model is made of: data, configuration, our code, what it stands on, and
    which encoder runs on this machine.

    Args:
        files: what content/ teaches, by name; by default what is in EXPORT.
    """
    digest = hashlib.sha256(f"{identity.name()}\0".encode())
    for name, text in sorted((exported() if files is None else files).items()):
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


def exported() -> dict[str, str]:
    """What content/ teaches, as it stands in EXPORT; empty if it was never written."""
    return {file.name: file.read_text(encoding="utf-8") for file in EXPORT.glob("*.yml")}


def export(files: Mapping[str, str]) -> None:
    """Put what content/ teaches where Rasa reads it, and nothing else."""
    EXPORT.mkdir(parents=True, exist_ok=True)
    for old in EXPORT.glob("*.yml"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        path = EXPORT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            half = path.with_suffix(".part")
            half.write_text(text, encoding="utf-8")
            half.replace(path)
