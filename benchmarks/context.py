"""Fits the weights of nlu/context.yml: how what was said before is weighed with what the words name.

    .venv-rasa/bin/python -m benchmarks.context [--model FILE]

The dialogues are those of nlu/dialogues/ and tests/dialogues/. Each message is read after what should have
been said before it, so that one mistake counts once. Says how many are meant rightly where the fit did not
see their dialogue, beside how many are as they are read; then writes the weights. Run from the project's
directory.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import minimize

from benchmarks.dialogues import Plan, Player, misses
from nlu import models, paths
from nlu.components import context, plan_generator
from nlu.components.context import Context, Features, Meant, Scores, Words, candidates

DIALOGUES = (paths.NLU / "dialogues", Path("tests/dialogues"))
"""The first were written for the fit; the others must hold, and are no measure of it."""

FOLDS = 8
MUST_HOLD = 3.0
"""How often a message of tests/dialogues/ counts."""

ALONE = 0.5
"""How often a message counts that is a dialogue of its own; those of dialogues begin some, too."""

PENALTY = 0.3
"""Of the squares of the weights, halved. Of 4,999 messages that are left out 92.8 % are right; at 0.1 92.7,
at 1 92.5, at 3 92.0 %."""

SHOWN_LEAST = 0.005
"""A weight below it says nothing."""

HEADER = """\
# How what was said before is weighed with what the words name; nlu/components/context.py says what each name
# stands for. Fitted, not written: .venv-rasa/bin/python -m benchmarks.context
"""


@dataclass(frozen=True)
class Weighed:
    """A message in a dialogue of a file: how often it counts, the features of its candidates, and which of
    them are right."""

    file: str
    dialogue: str
    text: str
    count: float
    candidates: list[tuple[Meant | None, Features]]
    right: np.ndarray


def main() -> None:
    """Read, fit, tell and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="that which is live by default")
    arguments = parser.parse_args()
    turns = list(_turns(Player(arguments.model or _live_model())))
    names = sorted({name for turn in turns for _, features in turn.candidates for name in features})
    rows = [_rows(turn, names) for turn in turns]
    counts = np.array([turn.count for turn in turns])
    chosen = _left_out(turns, rows, counts)
    for file in sorted({turn.file for turn in turns}):
        of_file = [n for n, turn in enumerate(turns) if turn.file == file]
        as_read = sum(bool(turns[n].right[0]) for n in of_file)
        weighed = sum(bool(turns[n].right[chosen[n]]) for n in of_file)
        print(f"{file}: of {len(of_file)} messages {as_read} right as read, {weighed} as weighed")
    for turn, number in zip(turns, chosen, strict=True):
        if not turn.right[number]:
            print(f"  {turn.file}, {turn.dialogue}: {turn.text!r}: {turn.candidates[number][0] or 'as read'}")
    weights = _fit(rows, [turn.right for turn in turns], counts, range(len(turns)))
    found = {
        name: round(float(weight), 2)
        for name, weight in zip(names, weights, strict=True)
        if abs(weight) >= SHOWN_LEAST
    }
    paths.CONTEXT.write_text(HEADER + yaml.safe_dump(found, sort_keys=True), encoding="utf-8")


def _turns(player: Player) -> Iterator[Weighed]:
    weighed: list[tuple[Words, Context]] = []

    def look(words: Words, before: Context, weights: Mapping[str, float], scores: Scores) -> None:
        weighed.append((words, before))

    vars(plan_generator)[context.meant.__name__] = look
    for file in sorted(file for directory in DIALOGUES for file in directory.glob("*.yml")):
        for dialogue in yaml.safe_load(file.read_text("utf-8")):
            if any("button" in turn for turn in dialogue["turns"]):
                continue
            first = ALONE if len(dialogue["turns"]) == 1 else 1.0
            count = first if file.parent == DIALOGUES[0] else MUST_HOLD
            before: list[str | Plan] = []
            for turn in dialogue["turns"]:
                weighed.clear()
                plan = player.reply(before, turn["user"])
                if weighed:
                    every = list(candidates(*weighed[-1]))
                    right = np.array([_is_right(turn, one, plan) for one, _ in every])
                    yield Weighed(file.stem, dialogue["name"], turn["user"], count, every, right)
                before.append(_should_be_said(turn))


def _live_model() -> Path:
    return models.file_of(json.loads(Path("models/live.json").read_text())["name"])


def _is_right(turn: dict[str, Any], one: Meant | None, as_read: Plan) -> bool:
    if one is None:
        return not misses(turn, as_read)
    plan = {"reply": "answer", "id": one.answer, "language": as_read.get("language")}
    if one.facet:
        plan |= {"reply": "facet", "facet": one.facet}
    return not misses(turn, plan)


def _should_be_said(turn: dict[str, Any]) -> str | Plan:
    """What leads on to the next message as it should: the answer or side that is expected, else the text."""
    expected = turn.get("expect", {})
    return expected if expected.get("id") else str(turn["user"])


def _rows(turn: Weighed, names: Sequence[str]) -> np.ndarray:
    """(candidates, names)."""
    return np.array([[features.get(name, 0.0) for name in names] for _, features in turn.candidates])


def _left_out(turns: Sequence[Weighed], rows: Sequence[np.ndarray], counts: np.ndarray) -> list[int]:
    """The candidate that is chosen of each, with weights that were fitted without its dialogue."""
    dialogues = sorted({(turn.file, turn.dialogue) for turn in turns})
    np.random.default_rng(0).shuffle(dialogues)
    fold_of = {tuple(dialogue): number % FOLDS for number, dialogue in enumerate(dialogues)}
    folds = [fold_of[turn.file, turn.dialogue] for turn in turns]
    chosen = [0] * len(turns)
    for fold in range(FOLDS):
        others = [n for n, f in enumerate(folds) if f != fold]
        weights = _fit(rows, [turn.right for turn in turns], counts, others)
        for n in [n for n, f in enumerate(folds) if f == fold]:
            chosen[n] = int((rows[n] @ weights).argmax())
    return chosen


def _fit(
    rows: Sequence[np.ndarray], right: Sequence[np.ndarray], counts: np.ndarray, numbers: Sequence[int]
) -> np.ndarray:
    """The weights with which the right candidates are likeliest; a message without one tells nothing."""
    telling = [n for n in numbers if right[n].any()]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = PENALTY * (weights @ weights) / 2, PENALTY * weights
        for n in telling:
            scores = rows[n] @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            of_right = likely[right[n]].sum() + 1e-12
            total -= counts[n] * np.log(of_right)
            slope = slope - counts[n] * (np.where(right[n], likely / of_right, 0) - likely) @ rows[n]
        return float(total), slope

    start = np.zeros(rows[0].shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x)


if __name__ == "__main__":
    main()
