"""What ONNX Runtime and SentencePiece read, made of the package's weights.

    .venv-rasa/bin/python -m nlu.encoder.files

makes both where they are missing or old, in a second, as `make` and the image's build do. The same bytes
come of it on every machine: `identity` has their digests.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from nlu.encoder import calibration, graph, tokens
from nlu.encoder.identity import DIGESTS, TOKENS
from nlu.encoder.weights import Weights

DIRECTORY = Path("build/encoder")


class FilesDiffer(RuntimeError):
    """What was made here is not what was tested."""


def checked(name: str) -> Path:
    """The place of one of the files, made first if it is not there as it should be.

    Raises:
        FilesDiffer: this machine makes another.
        FileNotFoundError, ValueError: the weights cannot be read.
    """
    path = DIRECTORY / name
    content = path.read_bytes() if path.exists() else b""
    if _digest(content) != DIGESTS[name]:
        content = _made(name)
        if _digest(content) != DIGESTS[name]:
            raise FilesDiffer(
                f"{path}, as it is made on this machine, is not the file that was tested: its SHA-256 is"
                f" {_digest(content)}. After a change of the encoder that is to be written into DIGESTS in"
                " nlu/encoder/identity.py; else set the environment up anew (make clean, make run)."
            )
        _write(path, content)
    return path


def _made(name: str) -> bytes:
    weights = Weights()
    if name == TOKENS:
        return tokens.as_sentencepiece(weights)
    return graph.as_onnx(weights, calibration.read_scales())


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: other processes may read it, or write it, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as half:
        half.write(content)
    os.chmod(half.name, 0o644)
    os.replace(half.name, path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    """Make both."""
    try:
        for name in DIGESTS:
            checked(name)
    except FilesDiffer as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
