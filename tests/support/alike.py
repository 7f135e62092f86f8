"""Run by the Rasa side's Python: what was made faster against what it stands for. Prints a JSON object of
what differs by how much, or of whether two things are the same."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import class_from_module_path
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from nlu import paths
from nlu.components.classifier import AnswerClassifier
from nlu.components.features import SideBySide, TextClassifier
from nlu.components.kernel_machine import Inputs, Kernel, KernelMachine
from nlu.components.tracker_store import TURNS_WHOLE, PrivateTrackerStore

TURNS = 40

EVERY = 6
"""Of the questions every sixth: what is compared is the arithmetic, and theirs takes long for many labels."""


def texts() -> list[tuple[str, str]]:
    """Questions of tests/nlu/ and what each is for."""
    files = sorted(paths.EVALUATION.glob("*.yml"))
    entries = [entry for file in files for entry in paths.read_yaml(file) if entry["lang"] == "vi"]
    return [(entry["q"], entry.get("id") or "none") for entry in entries[::EVERY]]


def _counts() -> list[TfidfVectorizer]:
    return [
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True),
        TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True),
    ]


def probabilities(label: Callable[[str], str]) -> float:
    """The largest difference between a TextClassifier's probabilities and scikit-learn's own."""
    known, others = texts()[::2], [text for text, _ in texts()[1::2]]
    labels = [label(answer) for _, answer in known]
    ours = TextClassifier(SideBySide(*((one, 1.0) for one in _counts())), LogisticRegression(C=5))
    theirs = make_pipeline(make_union(*_counts()), LogisticRegression(C=5))
    ours.fit([text for text, _ in known], labels)
    theirs.fit([text for text, _ in known], labels)
    asked = [*others, "", "???", "Đ"]
    return float(
        np.abs(np.vstack([ours.probabilities(t) for t in asked]) - theirs.predict_proba(asked)).max()
    )


def scores() -> float:
    """The largest difference between a KernelMachine's scores and those from scikit-learn's counts."""
    questions = [text for text, _ in texts()]
    vectors = np.random.default_rng(1).normal(size=(len(questions), 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    known, asked = Inputs(vectors[::2], questions[::2]), Inputs(vectors[1::2], questions[1::2])
    machine = KernelMachine(Kernel(**AnswerClassifier.get_default_config()["kernel"]))
    machine.fit(known, [answer for _, answer in texts()[::2]])
    counted = [one.transform(asked.texts) * weight**0.5 for one, weight in machine._counts._vectorizers]
    cosines = machine._centred(asked.vectors) @ machine._centred(known.vectors).T
    radial = np.exp(machine._width * (cosines - 1))
    expected = radial @ machine._weights + sparse.hstack(counted, format="csr") @ machine._count_weights
    return float(np.abs(machine.scores(asked) - expected).max())


def _turn(number: int) -> list[Event]:
    """What one turn adds to a conversation; only some set the topic in hand."""
    slots = {"answer": f"city.a{number}"} if number % 10 == 3 else {"facet": f"f{number % 4}"}
    plans = [{"reply": "answer", "id": f"city.a{number}", "ids": []}]
    return [
        ActionExecuted("action_listen"),
        UserUttered("words", {"name": "faq", "confidence": 1.0}, []),
        *(SlotSet(key, value) for key, value in slots.items()),
        ActionExecuted("utter_answer"),
        BotUttered(data={"custom": {"plans": plans}}),
    ]


async def memory() -> dict[str, Any]:
    """A long conversation as Rasa gets it, against all of it."""
    domain = Domain.load(paths.DOMAIN)
    with tempfile.TemporaryDirectory() as directory:
        store = PrivateTrackerStore(domain, db=str(Path(directory) / "c.sqlite3"))
        said: list[Event] = [ActionExecuted("action_session_start"), SessionStarted()]
        tracker = DialogueStateTracker("somebody", domain.slots)
        for event in [*said, *(event for number in range(TURNS) for event in _turn(number))]:
            tracker.update(event)
        await store.save(tracker)
        short = await store.retrieve("somebody")
        full = await store.retrieve_full_tracker("somebody")
        assert short
        assert full
        return {
            "fewer events": len(short.events) < len(full.events) / 2,
            "slots are the same": short.current_slot_values() == full.current_slot_values(),
            "plans are the same": _plans(short) == _plans(full),
            "newest states are the same": _newest_states(short, domain) == _newest_states(full, domain),
            "a new event is stored once": await _is_stored_once(store, short),
        }


def _plans(tracker: DialogueStateTracker) -> list[Any]:
    return [event.data for event in tracker.applied_events() if isinstance(event, BotUttered)]


def _newest_states(tracker: DialogueStateTracker, domain: Domain) -> list[Any]:
    """What rules are compared with: of each turn a state when it begins and one when something is said."""
    return list(tracker.past_states(domain)[-2 * TURNS_WHOLE + 1 :])


async def _is_stored_once(store: PrivateTrackerStore, tracker: DialogueStateTracker) -> bool:
    before = await store.retrieve_full_tracker(tracker.sender_id)
    tracker.update(ActionExecuted("action_listen"))
    await store.save(tracker)
    await store.save(tracker)
    after = await store.retrieve_full_tracker(tracker.sender_id)
    assert before
    assert after
    return len(after.events) == len(before.events) + 1


def rules() -> dict[str, bool]:
    """Whether our rules are such as OneReplyPolicy and the tracker store take them to be."""
    steps = [rule["steps"] for file in paths.STORIES.glob("*.yml") for rule in paths.read_yaml(file)["rules"]]
    in_a_row = [pair for rule in steps for pair in itertools.pairwise(rule)]
    return {
        "each rule ends with an utterance": all("action" in rule[-1] for rule in steps),
        "after an utterance the person speaks": not any("action" in a and "action" in b for a, b in in_a_row),
        "each says something": all(
            s["action"].startswith("utter_") for r in steps for s in r if "action" in s
        ),
        "the longest fits into what is kept whole": max(map(len, steps)) / 2 < TURNS_WHOLE,
    }


def policies() -> dict[str, bool]:
    """Whether what config.yml sets of each policy is a setting of it."""
    return {
        entry["name"]: entry.keys() <= {"name", *class_from_module_path(entry["name"]).get_default_config()}
        for entry in paths.read_yaml(paths.CONFIG)["policies"]
    }


if __name__ == "__main__":
    os.environ.pop("RASA_CONVERSATIONS", None)
    found = {
        "probabilities": probabilities(lambda answer: answer),
        "of two labels": probabilities(lambda answer: str(answer == "none")),
        "scores": scores(),
        "memory": asyncio.run(memory()),
        "rules": rules(),
        "policies": policies(),
    }
    print(json.dumps(found))
