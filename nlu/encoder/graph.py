"""The encoder as an ONNX graph of 8-bit products.

A vector is to be the same, but for its last bits, whatever the processor and whatever else it is doing, and
the graph's bytes are to be the same wherever it is made:

- Weights have 7 bits: where there is no instruction for products of 8 bits (AVX2 without VNNI), two of them
  are added in 16 bits, which those of 8 bits overflow.
- Activations have 8 bits. A LayerNorm keeps them within bounds that `calibration` knows; behind GELU, which
  has none, each token has a scale of its own.
- Attention is told a mask although nothing is masked: without one, ONNX Runtime takes a routine that splits
  its sums by the size of the caches and the number of threads.
- Whatever adds up here adds in an order of its own, not in that of a numeric library.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlu.encoder import onnx_file
from nlu.encoder.weights import Weights

LEVELS = 63
"""The largest weight of 7 bits."""

GELU_LEAST = np.float32(0.17)
"""GELU is never below -0.16998."""

PRODUCTS = ("attention", "joined", "inner")
"""The products of a layer with calibrated scales: queries, keys and values; what attention joined; the first
of the two behind it."""

_RUNTIME = "com.microsoft"
"""Domain of ONNX Runtime's own operators."""


@dataclass(frozen=True)
class Scales:
    """How the inputs of PRODUCTS are made 8-bit numbers; float32.

    smoothing: by what each is divided and its weights multiplied, so that one scale does for all channels;
    of shape (layers, PRODUCTS, width).
    step: what the last bit of the quotient stands for; of shape (layers, PRODUCTS).
    """

    smoothing: np.ndarray
    step: np.ndarray


@dataclass(frozen=True)
class Layer:
    """The weights of one layer, the matrices of shape (outputs, inputs)."""

    shift: np.ndarray
    """The bias of the LayerNorm before it: what its input scatters around."""
    attention: np.ndarray
    attention_bias: np.ndarray
    joined: np.ndarray
    joined_bias: np.ndarray
    inner: np.ndarray
    inner_bias: np.ndarray
    outer: np.ndarray
    outer_bias: np.ndarray
    norms: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
    """Weights and bias of the LayerNorms behind attention and behind the two last products."""


def layer_of(weights: Weights, number: int) -> Layer:
    """One layer's weights, as the file has them."""
    prefix, width = f"l{number}.", weights.width
    before = "emb.ln.b" if number == 0 else f"l{number - 1}.oln.b"

    def vector(name: str) -> np.ndarray:
        return weights.vector(prefix + name)

    return Layer(
        shift=weights.vector(before),
        attention=np.concatenate([weights.matrix(f"{prefix}{name}.w", width) for name in "qkv"]),
        attention_bias=np.concatenate([vector(f"{name}.b") for name in "qkv"]),
        joined=weights.matrix(prefix + "ao.w", width),
        joined_bias=vector("ao.b"),
        inner=weights.matrix(prefix + "fi.w", width),
        inner_bias=vector("fi.b"),
        outer=weights.matrix(prefix + "fo.w", weights.inner),
        outer_bias=vector("fo.b"),
        norms=((vector("aln.w"), vector("aln.b")), (vector("oln.w"), vector("oln.b"))),
    )


def as_onnx(weights: Weights, scales: Scales) -> bytes:
    """The file's content. Inputs: "embedded" of shape (1, tokens, width), float32, and "mask", ones of shape
    (1, tokens), int32. Output: "mean" of the tokens' states, of shape (1, width), float32."""
    graph = _Graph(weights)
    norm = graph.keep(weights.vector("emb.ln.w")), graph.keep(weights.vector("emb.ln.b"))
    state = graph.step("LayerNormalization", "embedded", *norm, axis=-1, epsilon=weights.epsilon)
    for number in range(weights.layers):
        layer = layer_of(weights, number)
        state = graph.layer(state, layer, scales.smoothing[number], scales.step[number])
    axis = graph.keep(np.array([1], np.int64))
    graph.nodes.append(onnx_file.node("ReduceMean", [state, axis], ["mean"], attributes={"keepdims": 0}))
    return onnx_file.model(
        graph.nodes,
        graph.tensors,
        [
            onnx_file.value("embedded", onnx_file.FLOAT, [1, "tokens", weights.width]),
            onnx_file.value("mask", onnx_file.INT32, [1, "tokens"]),
        ],
        [onnx_file.value("mean", onnx_file.FLOAT, [1, weights.width])],
        {"": 20, _RUNTIME: 1},
    )


class _Graph:
    """Grows step by step; each step returns the name of what comes out of it."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._names = 0
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []

    def keep(self, values: np.ndarray) -> str:
        """Numbers for a step."""
        name = self._name()
        self.tensors.append(onnx_file.tensor(name, np.ascontiguousarray(values)))
        return name

    def step(self, operator: str, *inputs: str, domain: str = "", **attributes: onnx_file.Attribute) -> str:
        """A step with one output."""
        name = self._name()
        self.nodes.append(onnx_file.node(operator, inputs, [name], domain, attributes))
        return name

    def layer(self, state: str, layer: Layer, smoothing: np.ndarray, step: np.ndarray) -> str:
        """Attention and the two products behind it, each added to what came in."""
        width = self._weights.width
        # Attention's weights add up to one: so what each value is divided by or has added can be left to
        # the product behind it.
        queries_keys, values = layer.attention[: 2 * width], layer.attention[2 * width :]
        bias, values_bias = layer.attention_bias[: 2 * width], layer.attention_bias[2 * width :]
        attention = np.concatenate([queries_keys, values / smoothing[1][:, np.newaxis]])
        attention_bias = np.concatenate([bias, np.zeros(width, np.float32)])
        product, moved = self._shifted(state, attention, layer.shift, smoothing[0], step[0])
        joined = self._attention(product, attention_bias + moved)
        product = self._product(joined, layer.joined * smoothing[1], step[1])
        moved = times(layer.joined, values_bias)
        state = self._added(product, state, layer.joined_bias + moved, layer.norms[0])

        product, moved = self._shifted(state, layer.inner, layer.norms[0][1], smoothing[2], step[2])
        product = self._runtime("BiasGelu", product, self._floats(layer.inner_bias + moved))
        least = np.full(self._weights.inner, -GELU_LEAST)
        product = self._product_by_token(product, layer.outer)
        return self._added(product, state, layer.outer_bias + times(layer.outer, least), layer.norms[1])

    def _shifted(
        self, state: str, matrix: np.ndarray, shift: np.ndarray, smoothing: np.ndarray, step: np.ndarray
    ) -> tuple[str, np.ndarray]:
        """matrix @ (state - shift), and what that leaves to be added: matrix @ shift."""
        centred = self.step("Sub", state, self.keep(shift))
        smooth = self.step("Mul", centred, self.keep(1 / smoothing))
        return self._product(smooth, matrix * smoothing, step), times(matrix, shift)

    def _product(self, state: str, matrix: np.ndarray, step: np.ndarray) -> str:
        """matrix @ state, with the calibrated scale."""
        scale, zero = self.keep(np.asarray(step)), self.keep(np.array(128, np.uint8))
        return self._whole(self.step("QuantizeLinear", state, scale, zero), matrix, scale, zero)

    def _product_by_token(self, state: str, matrix: np.ndarray) -> str:
        """matrix @ (state + GELU_LEAST), which is never below zero, with a scale for each token."""
        state = self.step("Add", state, self.keep(np.array(GELU_LEAST)))
        top = self.step("ReduceMax", state, self.keep(np.array([-1], np.int64)), keepdims=1)
        scale = self.step("Mul", top, self.keep(np.array(1 / 255, np.float32)))
        one, zero = self.keep(np.array(1, np.float32)), self.keep(np.array(0, np.uint8))
        numbers = self.step("QuantizeLinear", self.step("Div", state, scale), one, zero)
        return self.step("Mul", self._whole(numbers, matrix, one, zero), scale)

    def _whole(self, numbers: str, matrix: np.ndarray, scale: str, zero: str) -> str:
        """The product in whole numbers, one scale for each output."""
        steps = np.abs(matrix).max(axis=1) / np.float32(LEVELS)
        weights = np.rint(matrix / steps[:, np.newaxis]).astype(np.int8)
        inputs = [numbers, self.keep(weights.T), scale, self.keep(steps), zero, ""]
        return self._runtime("MatMulIntegerToFloat", *inputs)

    def _attention(self, product: str, bias: np.ndarray) -> str:
        parts = [self._name() for _ in range(3)]
        attributes: dict[str, onnx_file.Attribute] = {"axis": -1, "num_outputs": 3}
        self.nodes.append(onnx_file.node("Split", [product], parts, attributes=attributes))
        inputs = [*parts, self._floats(bias), "mask"]
        return self._runtime("MultiHeadAttention", *inputs, num_heads=self._weights.heads)

    def _added(self, product: str, state: str, bias: np.ndarray, norm: tuple[np.ndarray, np.ndarray]) -> str:
        inputs = [product, state, *map(self.keep, norm), self._floats(bias)]
        return self._runtime("SkipLayerNormalization", *inputs, epsilon=self._weights.epsilon)

    def _floats(self, values: np.ndarray) -> str:
        return self.keep(values.astype(np.float32))

    def _runtime(self, operator: str, *inputs: str, **attributes: onnx_file.Attribute) -> str:
        return self.step(operator, *inputs, domain=_RUNTIME, **attributes)

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"


def times(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """matrix @ vector in float64, added up by halves: the same bits on every machine."""
    terms = matrix.astype(np.float64) * vector.astype(np.float64)
    while terms.shape[1] > 1:
        half, is_odd = divmod(terms.shape[1], 2)
        left = terms[:, :half] + terms[:, half : 2 * half]
        terms = np.concatenate([left, terms[:, 2 * half :]], axis=1) if is_odd else left
    return terms[:, 0]
