"""Fields of the format in which ONNX and SentencePiece keep their models (protocol buffers)."""

from __future__ import annotations

import struct


def number(field: int, value: int) -> bytes:
    """A whole number."""
    return _varint(field << 3) + _varint(value)


def single(field: int, value: float) -> bytes:
    """A float32."""
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def text(field: int, value: str) -> bytes:
    """A text."""
    return content(field, value.encode())


def content(field: int, value: bytes) -> bytes:
    """Bytes, or a message of its own."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # a negative number is its complement
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
