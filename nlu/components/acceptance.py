"""How likely a reading is right: calibrated on predictions that the machine made without the example."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression


def evidence(scores: np.ndarray, known: np.ndarray, lengths: np.ndarray, aside: np.ndarray) -> np.ndarray:
    """What speaks for the best label of each text.

    Args:
        scores: (texts, labels) of the machine.
        known: (texts,) share of each text's words that the training data has, from 0 to 1.
        lengths: (texts,) number of words.
        aside: (labels,) True for the labels that stand for "no answer".

    Returns:
        (texts, 6).
    """
    ranked = -np.sort(-scores, axis=1)
    no_answer = scores[:, aside].max(axis=1) if aside.any() else np.zeros(len(scores))
    return np.column_stack(
        [
            ranked[:, 0],
            ranked[:, 0] - ranked[:, 1],
            ranked[:, 0] - ranked[:, 1:4].mean(axis=1),
            no_answer,
            known,
            np.log1p(lengths),
        ]
    )


class Acceptance:
    """Probabilities that the best label is right, and that one of the best three is."""

    def fit(self, evidence: np.ndarray, first: np.ndarray, among: np.ndarray, weights: np.ndarray) -> None:
        """Learn from n held-out texts.

        Args:
            evidence: (n, 6).
            first: (n,) whether the best label was right.
            among: (n,) whether one of the best three was.
            weights: (n,) how much each text counts.
        """
        self._first = _fitted(evidence, first, weights)
        self._among = _fitted(evidence, among, weights)

    def probabilities(self, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each text, that the best label is right, and that one of the best three is."""
        first = self._first.probabilities(evidence)
        return first, np.maximum(first, self._among.probabilities(evidence))


@dataclass(frozen=True)
class _Regression:
    """A logistic regression on the evidence, its squares and its products."""

    mean: np.ndarray
    scale: np.ndarray
    model: LogisticRegression

    def probabilities(self, evidence: np.ndarray) -> np.ndarray:
        """For each text. Without scikit-learn's checks of its input, which take longer than the sum."""
        features = _with_products((evidence - self.mean) / self.scale)
        return np.asarray(expit(features @ self.model.coef_[0] + self.model.intercept_[0]))


def _fitted(evidence: np.ndarray, right: np.ndarray, weights: np.ndarray) -> _Regression:
    mean, scale = evidence.mean(axis=0), evidence.std(axis=0)
    scale[scale == 0] = 1
    if right.all() or not right.any():
        # Of few texts all may be right; the one that least speaks for it then stands for what is wrong.
        right = right.copy()
        right[evidence[:, 0].argmin() if right.all() else evidence[:, 0].argmax()] ^= True
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit(_with_products((evidence - mean) / scale), right, sample_weight=weights)
    return _Regression(mean, scale, model)


_pairs = functools.cache(np.triu_indices)


def _with_products(columns: np.ndarray) -> np.ndarray:
    one, other = _pairs(columns.shape[1])
    return np.hstack([columns, columns[:, one] * columns[:, other]])
