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
from scipy.linalg import cho_factor, cho_solve, lapack
from sklearn.feature_extraction.text import TfidfVectorizer

WIDTH = 3.0
"""Of the radial kernel on centred sentence vectors: exp(WIDTH * (cosine - 1))."""

LETTERS, WORDS = 0.3, 0.3
"""How much sequences of letters and of words weigh beside the sentence vector."""

RIDGE = 0.4


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
        self._letters = TfidfVectorizer(
            analyzer="char", ngram_range=(2, 4), sublinear_tf=True, lowercase=False, dtype=np.float32
        )
        self._words = TfidfVectorizer(
            ngram_range=(1, 2),
            token_pattern=r"\w+",  # noqa: S106 sublinear_tf=True, lowercase=False, dtype=np.float32
        )
        letters, words = self._letters.fit_transform(inputs.texts), self._words.fit_transform(inputs.texts)
        self._letter_columns, self._word_columns = letters.T.tocsr(), words.T.tocsr()
        self._centre = inputs.vectors.mean(axis=0)
        self._vectors = self._centred(inputs.vectors)
        self.labels, columns = np.unique(labels, return_inverse=True)
        targets = np.zeros((len(labels), len(self.labels)), np.float32)
        targets[np.arange(len(labels)), columns] = 1
        self._targets = targets
        kernel = self._kernel(self._vectors, letters, words)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        self._factor, _ = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), targets, check_finite=False)

    def scores(self, inputs: Inputs) -> np.ndarray:
        """Scores of shape (texts, labels)."""
        kernel = self._kernel(
            self._centred(inputs.vectors),
            self._letters.transform(inputs.texts),
            self._words.transform(inputs.texts),
        )
        return kernel @ self._weights

    def left_out(self, blocks: Sequence[Sequence[int] | np.ndarray]) -> list[np.ndarray]:
        """For each block of example numbers, the scores (block, labels) of a machine that was
        trained without that block."""
        # A block of the inverse is made of columns of the inverted factor, so the whole is never needed.
        root, failed = lapack.strtri(np.tril(self._factor), lower=1)
        if failed:
            raise ValueError("the kernel matrix is not positive definite")
        return [
            self._targets[block] - np.linalg.solve(root[:, block].T @ root[:, block], self._weights[block])
            for block in blocks
        ]

    def numbers_of(self, labels: np.ndarray) -> np.ndarray:
        """The column of each label in the scores."""
        return np.searchsorted(self.labels, labels)

    def forget_training(self) -> None:
        """Drop what only training needs, before the machine is stored."""
        del self._factor, self._targets

    def _centred(self, vectors: np.ndarray) -> np.ndarray:
        centred = vectors - self._centre
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)

    def _kernel(
        self, vectors: np.ndarray, letters: sparse.csr_matrix, words: sparse.csr_matrix
    ) -> np.ndarray:
        kernel = np.exp(WIDTH * (vectors @ self._vectors.T - 1))
        kernel += LETTERS * (letters @ self._letter_columns).toarray()
        kernel += WORDS * (words @ self._word_columns).toarray()
        return kernel
