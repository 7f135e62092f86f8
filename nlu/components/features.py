"""Several counts of a text side by side."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer


class SideBySide:
    """What scikit-learn's FeatureUnion does, without asking at each message whether to do it in parallel,
    which takes longer than the counting.

    vectorizers: each with how much its columns weigh in a product of two texts, 1 for a plain count.
    """

    def __init__(self, *vectorizers: tuple[TfidfVectorizer, float]) -> None:
        self.vectorizers = vectorizers

    def fit_transform(self, texts: Sequence[str], _labels: object = None) -> sparse.csr_matrix:
        """Learn from n texts; their columns, (n, columns)."""
        return self._joined([vectorizer.fit_transform(texts) for vectorizer, _ in self.vectorizers])

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The columns of n texts, (n, columns)."""
        return self._joined([vectorizer.transform(texts) for vectorizer, _ in self.vectorizers])

    def _joined(self, counted: list[sparse.csr_matrix]) -> sparse.csr_matrix:
        for counts, (_, weight) in zip(counted, self.vectorizers, strict=True):
            counts.data *= counts.dtype.type(weight**0.5)
        return sparse.hstack(counted, format="csr")
