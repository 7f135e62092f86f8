"""The encoder in plain float32: slow, and what the graph of 8-bit products is measured by."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from nlu.encoder.graph import Layer, layer_of
from nlu.encoder.weights import Embeddings, Weights


class Reference:
    """All weights as float32 (85 MB)."""

    def __init__(self, weights: Weights) -> None:
        self._heads = weights.heads
        self._epsilon = weights.epsilon
        self._embeddings = Embeddings(weights)
        self._norm = weights.vector("emb.ln.w"), weights.vector("emb.ln.b")
        self._layers = [layer_of(weights, number) for number in range(weights.layers)]

    def __call__(self, tokens: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """The mean of the tokens' states, of shape (width,), and how far the input of each of the graph's
        PRODUCTS is from what it scatters around, at most; of shape (layers, PRODUCTS, width)."""
        state = self._normed(self._embeddings(tokens)[0], self._norm)
        distances = []
        for layer in self._layers:
            joined = self._attention(layer, state)
            inner = self._normed(state + joined @ layer.joined.T + layer.joined_bias, layer.norms[0])
            of_values = layer.attention_bias[-len(layer.shift) :]
            centred = (state - layer.shift, joined - of_values, inner - layer.norms[0][1])
            distances.append([np.abs(one).max(axis=0) for one in centred])
            outer = _gelu(inner @ layer.inner.T + layer.inner_bias) @ layer.outer.T + layer.outer_bias
            state = self._normed(inner + outer, layer.norms[1])
        return state.mean(axis=0), np.array(distances, np.float32)

    def _attention(self, layer: Layer, state: np.ndarray) -> np.ndarray:
        product = state @ layer.attention.T + layer.attention_bias
        # (queries, keys and values; heads; tokens; width of a head)
        parts = product.reshape(len(state), 3, self._heads, -1).transpose(1, 2, 0, 3)
        queries, keys, values = parts
        scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(np.float32(keys.shape[-1]))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        joined: np.ndarray = (weights @ values).transpose(1, 0, 2).reshape(len(state), -1)
        return joined

    def _normed(self, state: np.ndarray, norm: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        weight, bias = norm
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        return centred / spread * weight + bias


def _gelu(values: np.ndarray) -> np.ndarray:
    return values * (1 + erf(values / np.sqrt(np.float32(2)))) / 2
