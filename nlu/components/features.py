"""Counts of a text's letters and words, and a classifier of them that reads one text at a time.

scikit-learn learns; what it learned is applied here. Its own `transform` and `predict_proba` are made for
many texts: for one they take thirty times as long as the sum that they stand for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class _Counter:
    """What a fitted vectorizer does with a text. scale: the length of its part of a row."""

    sequences: Callable[[str], list[str]]
    columns: dict[str, int]
    idf: np.ndarray
    scale: float

    def count(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The columns that the text has, and their values."""
        seen = Counter(self.sequences(text)).items()
        counted = [(column, times) for one, times in seen if (column := self.columns.get(one)) is not None]
        if not counted:
            return np.zeros(0, np.intp), np.zeros(0)
        columns, times = np.array(counted).T
        values = (1 + np.log(times)) * self.idf[columns]
        return columns, values * (self.scale / np.sqrt(values @ values))


class SideBySide:
    """Several counts of a text, each with tf-idf and sublinear frequencies, as one row.

    vectorizers: each with how much its columns weigh in a product of two texts, 1 for a plain count.
    """

    def __init__(self, *vectorizers: tuple[TfidfVectorizer, float]) -> None:
        self._vectorizers = vectorizers
        self._counters: list[_Counter] = []

    def fit_transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Learn from n texts; their rows, (n, columns)."""
        rows = []
        for vectorizer, weight in self._vectorizers:
            counts = vectorizer.fit_transform(texts)
            counts.data *= counts.dtype.type(weight**0.5)
            rows.append(counts)
            counter = _Counter(
                vectorizer.build_analyzer(), vectorizer.vocabulary_, vectorizer.idf_, weight**0.5
            )
            self._counters.append(counter)
        return sparse.hstack(rows, format="csr")

    def count(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The row of one text: the numbers of the columns that are not 0, and their values, float64."""
        start, columns, values = 0, [], []
        for counter in self._counters:
            some, their_values = counter.count(text)
            columns.append(some + start)
            values.append(their_values)
            start += len(counter.columns)
        return np.concatenate(columns), np.concatenate(values)

    def knows_a_word(self, text: str) -> bool:
        """Whether the last of the counts, that of words, has one of the text."""
        counter = self._counters[-1]
        return any(word in counter.columns for word in counter.sequences(text))


class TextClassifier:
    """A logistic regression on the counts of a text."""

    labels: np.ndarray

    def __init__(self, counts: SideBySide, regression: LogisticRegression) -> None:
        self.counts = counts
        self._regression = regression

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Learn from n texts and their n labels, of two kinds at least."""
        fitted = self._regression.fit(self.counts.fit_transform(texts), labels)
        self.labels = fitted.classes_
        self._weights = np.ascontiguousarray(fitted.coef_.T)
        self._intercept = fitted.intercept_

    def probabilities(self, text: str) -> np.ndarray:
        """Of each label, in the order of `labels`."""
        columns, values = self.counts.count(text)
        scores = values @ self._weights[columns] + self._intercept
        if len(scores) == 1:  # of two labels, one stands for both
            scores = np.append(0.0, scores)
        shares = np.exp(scores - scores.max())
        return np.asarray(shares / shares.sum())
