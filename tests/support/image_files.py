"""What stands in the layers of a container image, and whether it may."""

from __future__ import annotations

import json
import re
import stat
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

NOT_IN_AN_IMAGE = (
    ".env", ".env.*", ".netrc", ".pypirc", ".npmrc", ".git-credentials", ".pgpass", "id_rsa*", "id_ed25519*",
    ".git", ".ssh", ".aws", ".docker", ".kube", ".cache", ".venv", ".idea", ".vscode",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    "*.whl", "*.deb", "*.orig", "*.swp", "*.bak",
)  # fmt: skip
"""Names of files and directories: secrets, histories, caches, what editors leave behind."""

BUILD_TOOLS = {"gcc", "cc", "ld", "make", "cmake", "ninja"}

TAKEN_AWAY = ".wh."
"""What the name begins with that stands for a file of a layer below which is gone."""

WRITTEN_TO = {"app/data", "app/models", "app/build"}
"""Where volumes are mounted."""

PRIVATE_KEY = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{40}", re.MULTILINE)

READ_MOST = 1_000_000
"""Bytes; what is larger is a library or weights, and is not searched for secrets."""


def wrong_files(saved: Path, base_layers: int, secrets: list[str]) -> list[str]:
    """What should not be in an image, one line each; also what a later layer has taken away again.

    Args:
        saved: what the engine's `save` wrote.
        base_layers: how many layers come from the image below, which are not ours to look at.
        secrets: words that no file may hold.
    """
    found: set[str] = set()
    for layer in _layers(saved, base_layers):
        with tarfile.open(fileobj=layer) as files:
            for file in files:
                if Path(file.name).name.startswith(TAKEN_AWAY):
                    continue
                content = files.extractfile(file) if file.isfile() and file.size <= READ_MOST else None
                found.update(_wrong(file, content.read() if content else b"", secrets))
    return sorted(found)


def _layers(saved: Path, base_layers: int) -> Iterator[IO[bytes]]:
    with tarfile.open(saved) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        for name in json.load(manifest)[0]["Layers"][base_layers:]:
            layer = archive.extractfile(name)
            assert layer is not None
            yield layer


def _wrong(file: tarfile.TarInfo, content: bytes, secrets: list[str]) -> Iterator[str]:
    path = Path(file.name.removeprefix("./").lstrip("/"))
    if any(fnmatchcase(part, pattern) for part in path.parts for pattern in NOT_IN_AN_IMAGE):
        yield f"/{path}: belongs in no image"
    if path.name in BUILD_TOOLS and path.parent.name in {"bin", "sbin"}:
        yield f"/{path}: a build tool"
    if len(path.parts) > 1 and path.parts[0] in {"home", "root"}:
        yield f"/{path}: in somebody's home"
    if path.match("var/lib/apt/lists/*_*") or path.match("var/cache/apt/*.bin"):
        yield f"/{path}: left over from apt"
    if path.is_relative_to("app"):
        yield from _wrong_of_ours(file, path)
    if file.mode & (stat.S_ISUID | stat.S_ISGID) and file.isfile():
        yield f"/{path}: runs with another user's rights"
    if file.mode & stat.S_IWOTH and not file.issym() and not file.mode & stat.S_ISVTX:
        yield f"/{path}: everybody may write to it"
    if PRIVATE_KEY.search(content):
        yield f"/{path}: a private key"
    if any(secret.encode() in content for secret in secrets):
        yield f"/{path}: a secret of this run"


def _wrong_of_ours(file: tarfile.TarInfo, path: Path) -> Iterator[str]:
    if "__pycache__" in path.parts or path.suffix in {".pyc", ".db", ".sqlite3", ".log"}:
        yield f"/{path}: was made by running, not written"
    if "tests" in path.parts and path.parts[1:3] != ("tests", "nlu") and path.parts != ("app", "tests"):
        yield f"/{path}: a test"
    is_volume = any(path.is_relative_to(place) for place in WRITTEN_TO)
    if file.uid != 0 and not is_volume:
        yield f"/{path}: the service could change it"
