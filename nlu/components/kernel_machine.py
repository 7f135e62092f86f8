"""A kernel ridge classifier (least-squares support vector machine) on sentence vectors and words.

One linear system gives the model, and from the same factorisation what the model would have said of
each example, or of each block of examples, had it not been trained on it (block leave-one-out:
Rifkin & Lippert, "Notes on Regularized Least Squares", 2007, section 4). So thresholds and
calibration are fitted on honest predictions without training a second model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.components.features import SideBySide

COMMON = 600
"""How many letter sequences and words, the most frequent ones, are multiplied as a dense matrix: what is
fastest."""

BLOCK, SPARSE_BLOCK = 1000, 100
"""Examples that are multiplied at a time: what that takes in memory."""


@dataclass(frozen=True)
class Kernel:
    """What the machine compares texts by.

    width: of the radial kernel on centred sentence vectors, exp(width * (cosine - 1)).
    letters, words: how much sequences of letters and of words weigh beside it.
    letter_sequences, word_sequences: how many letters and words these have, least and most.
    ridge: what is added to the kernel's diagonal; the more, the less single examples count.
    """

    width: float
    letters: float
    words: float
    letter_sequences: Sequence[int]
    word_sequences: Sequence[int]
    ridge: float


@dataclass(frozen=True)
class Inputs:
    """Texts as the machine takes them. vectors: (n, d) unit sentence vectors, float32;
    texts: n folded texts."""

    vectors: np.ndarray
    texts: list[str]


class KernelMachine:
    """Scores every label for a text. Scores are about 1 for the right label and 0 for others."""

    labels: np.ndarray
    # Of models that were made before theirs was stored with them.
    _width = 3.0
    _raised: np.ndarray = np.ones(1, np.float32)

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._width = kernel.width

    def fit(self, inputs: Inputs, labels: list[str]) -> None:
        """Learn from n texts and their n labels."""
        letters = TfidfVectorizer(
            analyzer="char",
            ngram_range=tuple(self._kernel.letter_sequences),
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        words = TfidfVectorizer(
            ngram_range=tuple(self._kernel.word_sequences),
            token_pattern=r"\w+",  # noqa: S106 a pattern, no password
            sublinear_tf=True,
            lowercase=False,
            dtype=np.float32,
        )
        self._counts = SideBySide((letters, self._kernel.letters), (words, self._kernel.words))
        counts = self._counts.fit_transform(inputs.texts)
        self._centre = inputs.vectors.mean(axis=0)
        self._vectors = self._centred(inputs.vectors)
        self.labels, columns = np.unique(labels, return_inverse=True)
        targets = np.zeros((len(labels), len(self.labels)), np.float32)
        targets[np.arange(len(labels)), columns] = 1
        self._targets = targets
        self._factor = _Factor(_products(self._vectors, counts, self._width), self._kernel.ridge)
        self._weights = self._factor.solve(targets)
        # The part of the kernel that counts letters and words is linear: what they add to each score.
        self._count_weights = np.asarray(counts.T @ self._weights, dtype=np.float32)

    def scores(self, inputs: Inputs) -> np.ndarray:
        """Scores of shape (texts, labels)."""
        radial = np.exp(self._width * (self._centred(inputs.vectors) @ self._vectors.T - 1))
        scores = radial @ self._weights
        for number, text in enumerate(inputs.texts):
            columns, values = self._counts.count(text)
            scores[number] += values.astype(np.float32) @ self._count_weights[columns]
        return self._raise(scores)

    def raise_scores(self, times: np.ndarray) -> None:
        """Have the scores of each label count so many times, (labels,), but not above 1: that is sure."""
        self._raised = times

    def _raise(self, scores: np.ndarray) -> np.ndarray:
        return np.maximum(scores, np.minimum(scores * self._raised, 1.0))

    def knows_a_word(self, text: str) -> bool:
        """Whether an example has one of the text's words."""
        return self._counts.knows_a_word(text)

    def left_out(self, blocks: Sequence[slice]) -> tuple[np.ndarray, np.ndarray]:
        """What the machine would say of its own examples, had it not been trained on them; once after `fit`.

        Args:
            blocks: ranges of examples, one after the other up to the last example, that are all examples
                together from the first block's start on. The later that is, the less there is to compute: of
                the last third, a twenty-seventh of what all take.

        Returns:
            Two arrays (examples from the first block on, labels): the scores of each example by a machine
            that was trained without it, and by one that was trained without its whole block.
        """
        # A block of the kernel's inverse is made of columns of the inverted factor: the whole is not needed,
        # and of the factor's last columns only its last corner.
        first = blocks[0].start
        self._factor.invert(first)
        alone, together = [], []
        for block in blocks:
            columns = self._factor.columns(block.start - first, block.stop - first)
            inverse = columns.T @ columns
            alone.append(self._weights[block] / inverse.diagonal()[:, np.newaxis])
            together.append(np.linalg.solve(inverse, self._weights[block]))
        targets = self._targets[first:]
        return self._raise(targets - np.vstack(alone)), self._raise(targets - np.vstack(together))

    def numbers_of(self, labels: np.ndarray) -> np.ndarray:
        """The column of each label in the scores."""
        return np.searchsorted(self.labels, labels)

    def forget_training(self) -> None:
        """Drop what only training needs, before the machine is stored."""
        del self._factor, self._targets, self._kernel

    def _centred(self, vectors: np.ndarray) -> np.ndarray:
        centred = vectors - self._centre
        return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)


class _Factor:
    """The Cholesky factor L of the kernel matrix with its ridge, float32: K = L L'.

    Only its lower triangle is stored, by blocks of rows up to the diagonal: half of the whole, and the whole
    would be most of what a training takes.
    """

    def __init__(self, kernel: Iterator[np.ndarray], ridge: float) -> None:
        """Factorise the kernel with its ridge; it is given by blocks of BLOCK rows, which are overwritten.

        Each block is what stands there less what the columns before it explain (the Cholesky-Crout order by
        blocks: Golub & Van Loan, "Matrix Computations", 4th edition, section 4.2).
        """
        self._rows: list[np.ndarray] = []
        for row in kernel:
            for above in self._rows:
                before = above.shape[1] - len(above)
                own = slice(before, above.shape[1])
                block = row[:, own] - row[:, :before] @ above[:, :before].T
                row[:, own] = _solved(above[:, own], block.T).T
            before = row.shape[1] - len(row)
            corner = row[:, before:] - row[:, :before] @ row[:, :before].T
            corner[np.diag_indices_from(corner)] += ridge
            row[:, before:] = cholesky(corner, lower=True, overwrite_a=True, check_finite=False)
            self._rows.append(row)

    def solve(self, targets: np.ndarray) -> np.ndarray:
        """X of K X = targets, (n, columns)."""
        found = targets.copy()
        for row in self._rows:
            before = row.shape[1] - len(row)
            own = slice(before, row.shape[1])
            found[own] = _solved(row[:, own], found[own] - row[:, :before] @ found[:before])
        for row in reversed(self._rows):
            before = row.shape[1] - len(row)
            own = slice(before, row.shape[1])
            found[own] = _solved(row[:, own], found[own], transposed=True)
            found[:before] -= row[:, :before].T @ found[own]
        return found

    def invert(self, start: int) -> None:
        """Put the inverse of L's rows and columns from `start` on in their place, and drop the rows before
        them: nothing can be solved after it.

        Of L = [[A, 0], [B, C]] it is [[A^-1, 0], [-C^-1 B A^-1, C^-1]]. LAPACK's strtri, which does the same,
        dies on odd sizes in OpenBLAS 0.3.18 where that does not know the processor (see
        nlu/arithmetic/openblas.py), and is no faster.
        """
        rows = [
            row[max(start - row.shape[1], -len(row)) :, start:] for row in self._rows if row.shape[1] > start
        ]
        self._rows = rows
        for number, row in enumerate(rows):
            before = row.shape[1] - len(row)
            below = np.zeros((len(row), before), np.float32)
            for above in rows[:number]:
                end = above.shape[1]
                below[:, :end] -= row[:, end - len(above) : end] @ above
            row[:, :before] = _solved(row[:, before:], below)
            row[:, before:] = _solved(row[:, before:], np.eye(len(row), dtype=np.float32))

    def columns(self, start: int, end: int) -> np.ndarray:
        """Columns of it, without what is above them."""
        padded = [
            np.pad(row[:, start:end], ((0, 0), (0, max(end - row.shape[1], 0))))
            for row in self._rows
            if row.shape[1] > start
        ]
        return np.vstack(padded)


def _solved(lower: np.ndarray, right: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """X of L X = right, or of L' X = right."""
    return np.asarray(
        solve_triangular(lower, right, lower=True, trans="T" if transposed else "N", check_finite=False)
    )


def _products(vectors: np.ndarray, counts: sparse.csr_matrix, width: float) -> Iterator[np.ndarray]:
    """The kernel matrix of n examples, float32: blocks of BLOCK rows, each up to its last row's diagonal.

    The counts that many examples share are multiplied as a dense matrix, the others as a sparse one: that
    is six times as fast as either for all.
    """
    order = np.argsort(-counts.getnnz(axis=0), kind="stable")
    common, rare = np.sort(order[:COMMON]), np.sort(order[COMMON:])
    dense = counts[:, common].toarray()
    rows = counts[:, rare]
    columns = rows.T.tocsr()
    for start in range(0, len(vectors), BLOCK):
        end = min(start + BLOCK, len(vectors))
        part = vectors[start:end] @ vectors[:end].T
        part -= 1
        part *= width
        np.exp(part, out=part)
        part += dense[start:end] @ dense[:end].T
        others = columns[:, :end]
        for at in range(
            0, len(part), SPARSE_BLOCK
        ):  # as a dense matrix it takes room beside the whole kernel
            part[at : at + SPARSE_BLOCK] += (rows[start:end][at : at + SPARSE_BLOCK] @ others).toarray()
        yield part
