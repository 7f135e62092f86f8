"""A kernel ridge classifier (least-squares support vector machine) on sentence vectors and words.

One linear system gives the model, and from the same factorisation what the model would have said of
each example, or of each block of examples, had it not been trained on it (block leave-one-out:
Rifkin & Lippert, "Notes on Regularized Least Squares", 2007, section 4). So thresholds and
calibration are fitted on honest predictions without training a second model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import blas, cho_solve, cholesky, solve_triangular
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.components.features import SideBySide

WIDTH = 3.0
"""Of the radial kernel on centred sentence vectors: exp(WIDTH * (cosine - 1))."""

LETTERS, WORDS = 0.3, 0.3
"""How much sequences of letters and of words weigh beside the sentence vector."""

RIDGE = 0.15
"""The less, the more examples are read right that are left out in turn: 81.0 % of ours at 0.4 and 81.6 % at
0.1, 93.5 and 93.7 % of BANKING77's. Accuracy in tests/nlu is the same."""

COMMON = 600
"""How many letter sequences and words, the most frequent ones, are multiplied as a dense matrix."""

BLOCK = 500
"""Examples that are multiplied at a time."""


@dataclass(frozen=True)
class Inputs:
    """Texts as the machine takes them. vectors: (n, d) unit sentence vectors, float32;
    texts: n folded texts."""

    vectors: np.ndarray
    texts: list[str]


class KernelMachine:
    """Scores every label for a text. Scores are about 1 for the right label and 0 for others."""

    labels: np.ndarray

    def fit(self, inputs: Inputs, labels: list[str]) -> None:
        """Learn from n texts and their n labels."""
        letters = TfidfVectorizer(
            analyzer="char", ngram_range=(2, 4), sublinear_tf=True, lowercase=False, dtype=np.float32
        )
        words = TfidfVectorizer(
            ngram_range=(1, 2),
            token_pattern=r"\w+",  # noqa: S106 a pattern, no password
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        self._counts = SideBySide((letters, LETTERS), (words, WORDS))
        counts = self._counts.fit_transform(inputs.texts)
        self._centre = inputs.vectors.mean(axis=0)
        self._vectors = self._centred(inputs.vectors)
        self.labels, columns = np.unique(labels, return_inverse=True)
        targets = np.zeros((len(labels), len(self.labels)), np.float32)
        targets[np.arange(len(labels)), columns] = 1
        self._targets = targets
        kernel = _kernel(self._vectors, counts)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        self._factor = cholesky(kernel, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), targets, check_finite=False)
        # The part of the kernel that counts letters and words is linear: what they add to each score.
        self._count_weights = np.asarray(counts.T @ self._weights, dtype=np.float32)

    def scores(self, inputs: Inputs) -> np.ndarray:
        """Scores of shape (texts, labels)."""
        radial = np.exp(WIDTH * (self._centred(inputs.vectors) @ self._vectors.T - 1))
        scores = radial @ self._weights
        for number, text in enumerate(inputs.texts):
            columns, values = self._counts.count(text)
            scores[number] += values.astype(np.float32) @ self._count_weights[columns]
        return scores

    def left_out(self, blocks: Sequence[slice]) -> tuple[np.ndarray, np.ndarray]:
        """What the machine would say of its own examples, had it not been trained on them.

        Args:
            blocks: ranges of examples, one after the other, that are all examples together.

        Returns:
            Two arrays (examples, labels): the scores of each example by a machine that was trained without
            it, and by one that was trained without its whole block.
        """
        # A block of the kernel's inverse is made of columns of the inverted factor: the whole is not needed.
        root = _inverse(self._factor)
        diagonal = np.einsum("ij,ij->j", root, root)
        together = []
        for block in blocks:
            columns = root[block.start :, block]  # there is nothing above
            together.append(np.linalg.solve(columns.T @ columns, self._weights[block]))
        alone = self._weights / diagonal[:, np.newaxis]
        return self._targets - alone, self._targets - np.vstack(together)

    def numbers_of(self, labels: np.ndarray) -> np.ndarray:
        """The column of each label in the scores."""
        return np.searchsorted(self.labels, labels)

    def forget_training(self) -> None:
        """Drop what only training needs, before the machine is stored."""
        del self._factor, self._targets

    def _centred(self, vectors: np.ndarray) -> np.ndarray:
        centred = vectors - self._centre
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


def _inverse(lower: np.ndarray) -> np.ndarray:
    """The inverse of a lower triangular matrix, float32, by products of its blocks.

    LAPACK's strtri, which does the same, dies on odd sizes in OpenBLAS 0.3.18 where that does not know the
    processor (see nlu/arithmetic/openblas.py), and is no faster.
    """
    size = len(lower)
    inverse = np.zeros_like(lower)
    for start in reversed(range(0, size, BLOCK)):
        below, own = start + BLOCK, slice(start, start + BLOCK)
        corner = np.eye(len(lower[own]), dtype=np.float32)
        inverse[own, own] = solve_triangular(lower[own, own], corner, lower=True, check_finite=False)
        columns = lower[below:, own] @ inverse[own, own]
        for top in range(below, size, BLOCK):
            bottom = top + BLOCK
            inverse[top:bottom, own] = -inverse[top:bottom, below:bottom] @ columns[: bottom - below]
    return inverse


def _kernel(vectors: np.ndarray, counts: sparse.csr_matrix) -> np.ndarray:
    """The lower triangle of the kernel matrix of the examples, float32.

    The counts that many examples share are multiplied as a dense matrix, the others as a sparse one: that
    is six times as fast as either for all.
    """
    size = len(vectors)
    kernel = np.zeros((size, size), np.float32, order="F")
    kernel = blas.ssyrk(WIDTH, vectors.T, trans=1, beta=0, c=kernel, lower=1, overwrite_c=1)
    order = np.argsort(-counts.getnnz(axis=0))
    common, rare = np.sort(order[:COMMON]), np.sort(order[COMMON:])
    rows = counts[:, rare]
    columns = rows.T.tocsr()
    for start in range(0, size, BLOCK):
        block = slice(start, start + BLOCK)
        part = kernel[start:, block]
        part -= WIDTH
        np.exp(part, out=part)
        part += (rows[start:] @ columns[:, block]).toarray()
    dense = np.asfortranarray(counts[:, common].toarray().T)
    return blas.ssyrk(1, dense, trans=1, beta=1, c=kernel, lower=1, overwrite_c=1)
