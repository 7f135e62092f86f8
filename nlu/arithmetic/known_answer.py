"""Whether the arithmetic of a training comes out right on this processor: `nlu.arithmetic.openblas` asks.

It fits the kernel machine to made-up texts, so that a training's own routines run, and holds what comes out
against sums in double precision in which no BLAS has part. It ends with status 1 if that is wrong; with
kernels that do not fit the processor it may as well be ended by a signal.
"""

from __future__ import annotations

import copy

import numpy as np
from scipy import sparse

from nlu.components.kernel_machine import Inputs, Kernel, KernelMachine

SIZE = 6001
"""Examples. At this number OpenBLAS 0.3.18 died in its kernels for "Prescott", and at 6000 it did not."""

KERNEL = Kernel(width=3.0, letters=0.3, words=0.3, letter_sequences=(2, 4), word_sequences=(1, 2), ridge=0.15)
"""Of the usual size. The classifier's own settings cannot be had without Rasa, and do not matter here."""

LABELS, BLOCK, CHECKED, LATER = 60, 97, 30, 9
ALLOWED = 1e-4
"""Of scores about 1. Single precision is wrong by some 2e-6."""


def readings(size: int = SIZE) -> tuple[KernelMachine, Inputs, np.ndarray, np.ndarray]:
    """A machine that is fitted to made-up texts, these, and what it says of them when each is left out, and
    when each is left out with its neighbours. The same everywhere."""
    numbers = np.random.default_rng(5)
    vectors = numbers.standard_normal((size, 384)).astype(np.float32)
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, np.newaxis]
    words = [f"w{number}" for number in range(3000)]
    often = numbers.zipf(1.3, (size, 6)) % len(words)
    inputs = Inputs(vectors, [" ".join(words[word] for word in text) for text in often])
    machine = KernelMachine(KERNEL)
    machine.fit(inputs, [f"label {number % LABELS:02}" for number in range(size)])
    alone, together = copy.deepcopy(machine).left_out(blocks(size))
    return machine, inputs, alone, together


def blocks(size: int) -> list[slice]:
    """Neighbours that are left out together."""
    return [slice(start, min(start + BLOCK, size)) for start in range(0, size, BLOCK)]


def is_right(size: int = SIZE) -> bool:
    """Whether the machine's weights solve its equations, its scores are what the weights say, and those of
    left-out examples, be it of the last ones alone, are the targets with which these would weigh nothing."""
    machine, inputs, alone, together = readings(size)
    rows = np.linspace(0, size - 1, CHECKED).astype(int)
    counted = [machine._counts.count(text) for text in inputs.texts]
    ends = np.cumsum([0, *(len(columns) for columns, _ in counted)])
    columns, values = (np.concatenate(parts) for parts in zip(*counted, strict=True))
    counts = sparse.csr_matrix((values, columns, ends), shape=(size, len(machine._count_weights)))
    vectors, weights = machine._vectors.astype(np.float64), machine._weights.astype(np.float64)
    kernel = np.exp(KERNEL.width * (np.einsum("ik,jk->ij", vectors[rows], vectors) - 1))
    kernel += (counts[rows] @ counts.T).toarray()
    scores = np.einsum("ij,jk->ik", kernel, weights)
    asked = Inputs(inputs.vectors[rows], [inputs.texts[row] for row in rows])

    def weigh(block: slice, targets: np.ndarray) -> np.ndarray:
        changed = machine._targets.copy()
        changed[block] = targets
        return machine._factor.solve(changed)[block]

    later = np.hstack(copy.deepcopy(machine).left_out(blocks(size)[-LATER:]))
    middle, last = blocks(size)[size // BLOCK // 2], slice(size - 1, size)
    return all(
        np.abs(wrong).max() < ALLOWED  # False of what is no number, too
        for wrong in (
            scores + KERNEL.ridge * weights[rows] - machine._targets[rows],
            machine.scores(asked) - scores,
            weigh(middle, together[middle]),
            weigh(last, alone[last]),
            later - np.hstack([alone, together])[-len(later) :],
        )
    )


if __name__ == "__main__":
    raise SystemExit(0 if is_right() else 1)
