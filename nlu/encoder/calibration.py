"""The scales of the encoder's graph, kept in calibration.npz, and how they are made.

    .venv-rasa/bin/python -m nlu.encoder.calibration

measures them again, on questions of content/ in every style. That takes a minute, and is not the same to
the last bit on every machine: hence they are kept. Needed only if the weights change; `identity` then wants
the new digest.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np

from nlu import paths
from nlu.encoder.graph import PRODUCTS, Scales, layer_of
from nlu.encoder.reference import Reference
from nlu.encoder.tokens import Tokeniser, as_sentencepiece
from nlu.encoder.weights import Weights
from nlu.text.forms import fold

FILE = Path(__file__).with_name("calibration.npz")
CONTENT = Path("content")

QUESTIONS = 1200
ROOM = 1.1
"""By how much more than what was measured fits into 8 bits."""
EVENNESS = 0.7
"""How much of what sets channels apart goes from the activations to the weights (SmoothQuant's alpha)."""
LEAST = 1e-3

ODD = [
    "", "?", "...", "😀", "😀😀😀 🙏🏻", "ok", "a", "1", "0292 3 888 999", "15/11/2026 08:30", "239/KH-UBND",
    "https://cantho.gov.vn/a/b?c=d", "abc@example.com", "aaaaaaaaaaaaaaaaaaaaaaaa", "asdfgh qwrtzp zxcv",
    "ສະບາຍດີ", "สวัสดีครับ", "你好，请问芹苴在哪里？", "Где находится Кантхо?", "ខ្ញុំ", "مرحبا", "カントー市",
    "<s> </s> <mask>", "SELECT * FROM x;", "{}[]()<>", "e\u0301" * 20, "\ue000\ue001", "CHỢ NỔI CÁI RĂNG",
    "Bonjour, comment aller à Can Tho ?", "Wie komme ich nach Can Tho?", "x " * 100, "không " * 40,
    "The mitochondria is the powerhouse of the cell, and photosynthesis happens in the chloroplast.",
]  # fmt: skip


def read_scales() -> Scales:
    """The scales that are kept."""
    with np.load(FILE) as kept:
        return Scales(kept["smoothing"].astype(np.float32), kept["step"])


def texts() -> list[str]:
    """What is measured: questions of content/ in both languages, and what people make of such."""
    asked: set[str] = set()
    for file in CONTENT.glob("*/*.yml"):
        answer = paths.read_yaml(file)
        for language in ("vi", "en"):
            asked.update(answer.get(language, {}).get("questions", []))
    # In an order that is nobody's, and that a question added later hardly changes.
    questions = sorted(asked, key=lambda text: hashlib.sha256(text.encode()).digest())[:QUESTIONS]
    chance = random.Random(77)  # noqa: S311 nothing secret
    styles = (
        lambda number: questions[number],
        lambda number: questions[number].lower().strip("?.! "),
        lambda number: fold(questions[number]),
        lambda number: _with_slips(questions[number], chance),
        lambda number: " ".join(questions[number].split()[:3]),
        lambda number: " ".join(questions[number : number + 5])[:300],
    )
    return [*ODD, *(styles[number % len(styles)](number) for number in range(len(questions)))]


def _with_slips(text: str, chance: random.Random) -> str:
    """With every third word's letters out of order or one of them gone."""
    words = text.split()
    for index in range(0, len(words), 3):
        word = words[index]
        at = chance.randrange(len(word))
        swapped = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
        words[index] = chance.choice([swapped, word[:at] + word[at + 1 :]])
    return " ".join(words)


def measured(weights: Weights) -> np.ndarray:
    """How far the inputs of each product go, by channel; of shape (layers, PRODUCTS, width)."""
    reference, tokeniser = Reference(weights), Tokeniser(weights, as_sentencepiece(weights))
    farthest = np.full((weights.layers, len(PRODUCTS), weights.width), LEAST, np.float32)
    for text in texts():
        tokens = [weights.start, *tokeniser.tokens(text), weights.end][: weights.tokens_most]
        np.maximum(farthest, reference(tokens)[1], out=farthest)
    return farthest


def scales_for(weights: Weights, farthest: np.ndarray) -> Scales:
    """Scales with which all that was measured keeps its place."""
    smoothing, step = np.ones_like(farthest), np.ones(farthest.shape[:2], np.float32)
    for number in range(weights.layers):
        layer = layer_of(weights, number)

        def smoothed(product: int, matrix: np.ndarray, number: int = number) -> None:
            goes = farthest[number, product] ** EVENNESS
            weighs = np.maximum(np.abs(matrix).max(axis=0), 1e-5) ** (1 - EVENNESS)
            kept = (goes / weighs).astype(np.float16).astype(np.float32)  # as it will be read
            smoothing[number, product] = kept
            step[number, product] = ROOM * (farthest[number, product] / kept).max() / 127

        smoothed(1, layer.joined)
        queries_keys, values = layer.attention[: -weights.width], layer.attention[-weights.width :]
        smoothed(0, np.concatenate([queries_keys, values / smoothing[number, 1][:, np.newaxis]]))
        smoothed(2, layer.inner)
    return Scales(smoothing, step)


def main() -> None:
    """Measure, and keep."""
    weights = Weights()
    scales = scales_for(weights, measured(weights))
    np.savez_compressed(FILE, smoothing=scales.smoothing.astype(np.float16), step=scales.step)
    print(f"{FILE}: {FILE.stat().st_size} bytes, of {len(texts())} texts")


if __name__ == "__main__":
    main()
