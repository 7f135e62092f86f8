"""Writes ONNX's file format, as far as the encoder's graph needs it.

The package `onnx` would, but its newest versions need a protobuf that TensorFlow 2.12 does not go with. The
numbers of the fields are those of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nlu.encoder import protobuf as pb

FLOAT, INT32 = 1, 6
_KINDS = {"float32": FLOAT, "uint8": 2, "int8": 3, "int32": INT32, "int64": 7}
_VERSION = 10

Attribute = int | float | Sequence[int]


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    domain: str = "",
    attributes: Mapping[str, Attribute] | None = None,
) -> bytes:
    """One step of a graph: the operator, the names of what goes in and what comes out."""
    parts = [pb.text(1, name) for name in inputs]
    parts += [pb.text(2, name) for name in outputs]
    parts += [pb.text(4, operator)]
    parts += [_attribute(name, value) for name, value in (attributes or {}).items()]
    return b"".join([*parts, pb.text(7, domain)])


def tensor(name: str, values: np.ndarray) -> bytes:
    """Numbers that belong to the graph."""
    dimensions = b"".join(pb.number(1, length) for length in values.shape)
    return (
        dimensions
        + pb.number(2, _KINDS[values.dtype.name])
        + pb.text(8, name)
        + pb.content(9, values.tobytes())
    )


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """An input or output; in its shape a name stands for any length."""
    lengths = [pb.number(1, length) if isinstance(length, int) else pb.text(2, length) for length in shape]
    dimensions = b"".join(pb.content(1, length) for length in lengths)
    return pb.text(1, name) + pb.content(2, pb.content(1, pb.number(1, kind) + pb.content(2, dimensions)))


def model(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    operators: Mapping[str, int],
) -> bytes:
    """The file. operators: the version of each domain's operators."""
    graph = [pb.content(1, part) for part in nodes]
    graph += [pb.text(2, "encoder")]
    graph += [pb.content(5, part) for part in tensors]
    graph += [pb.content(11, part) for part in inputs]
    graph += [pb.content(12, part) for part in outputs]
    sets = [
        pb.content(8, pb.text(1, domain) + pb.number(2, version)) for domain, version in operators.items()
    ]
    return b"".join([pb.number(1, _VERSION), pb.content(7, b"".join(graph)), *sets])


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        body = pb.number(3, value) + pb.number(20, 2)
    elif isinstance(value, float):
        body = pb.single(2, value) + pb.number(20, 1)
    else:
        body = b"".join(pb.number(8, one) for one in value) + pb.number(20, 7)
    return pb.content(5, pb.text(1, name) + body)
