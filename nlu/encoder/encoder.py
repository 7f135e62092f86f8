"""Texts to vectors, each encoded once."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nlu import progress
from nlu.encoder import engines, identity
from nlu.encoder.vectors import Vectors

DIMENSIONS = 384
TEXT_MOST = 300
"""Characters of one text that are encoded: the time grows with the length, and what a question is
about stands in its sentences, which are read one by one when there are many."""

AT_A_TIME = 64
"""Texts after which the vectors are written and the progress told."""

RECENT = 10_000
"""Texts whose vectors a process remembers: of what people forward, and of "ok" and "visa", each is encoded
once. Of a text only a digest is kept, and the vector: 20 MB at most, gone with the process."""


class Encoder:
    """The encoder, and what it remembers.

    cache: a file that remembers the vectors of training texts and of the validation's questions; None
    remembers nothing. A person's message is never written to it.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._engine = engines.engine()
        self._name = identity.name()
        self._vectors = Vectors(cache) if cache else None
        self._recent: dict[bytes, np.ndarray] = {}  # the one used last stands last

    def encode(self, text: str) -> np.ndarray:
        """One text as a unit vector of shape (DIMENSIONS,), float32, that nobody may change."""
        key = self._key(text)
        vector = self._recent.pop(key) if key in self._recent else self._encode(text)
        self._recent[key] = vector
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return vector

    def encode_all(self, texts: list[str], step: progress.Step = "encoding") -> np.ndarray:
        """Texts as unit vectors of shape (len(texts), DIMENSIONS), float32; those in the cache are not
        encoded again, and new ones are added to it. It tells its progress as that of `step`."""
        if not texts:  # as with every message that a person sends
            return np.zeros((0, DIMENSIONS), np.float32)
        text_of = {self._key(text): text for text in texts}
        known = self._vectors.get([*text_of]) if self._vectors else {}
        missing = [key for key in text_of if key not in known]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            for start in range(0, len(missing), AT_A_TIME):
                some = missing[start : start + AT_A_TIME]
                vectors = threads.map(self._encode, [text_of[key] for key in some])
                new = dict(zip(some, vectors, strict=True))
                if self._vectors:
                    self._vectors.put(new)
                known |= new
                progress.tell(step, (start + len(some)) / len(missing))
        return np.stack([known[self._key(text)] for text in texts])

    def _encode(self, text: str) -> np.ndarray:
        return self._engine.vector(text[:TEXT_MOST])

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._name}\n{text[:TEXT_MOST]}".encode()).digest()
