"""Where the Rasa side's files are, from the project's directory."""

from __future__ import annotations

import hashlib
from pathlib import Path

EXPORT = Path("build/rasa")
MODELS = Path("models")
CONFIG = Path("config.yml")
DOMAIN = Path("domain.yml")
ENDPOINTS = Path("endpoints.yml")
CREDENTIALS = Path("credentials.yml")
TRAINING_DATA = [EXPORT, Path("nlu"), Path("stories")]


def fingerprint() -> str:
    """A name for everything that a model is made of: the data, the configuration, our components."""
    files = [
        CONFIG,
        DOMAIN,
        *(f for d in TRAINING_DATA for f in d.rglob("*.yml")),
        *Path("nlu").rglob("*.py"),
    ]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def model_path(name: str) -> Path:
    """The file of a model."""
    return MODELS / f"{name}.tar.gz"
