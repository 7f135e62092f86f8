"""Which training examples are learned from."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.normaliser import FORMS

QUESTIONS_ENOUGH = 10
"""With so many questions, the sentences of an answer itself add nothing to what is learned (measured:
96.9 % of tests/nlu without them, 96.8 % with them), but twice the time of a training."""


def learned_from(training_data: TrainingData) -> list[Message]:
    """The examples that are learned from: every question, the titles, which people type when they ask for a
    topic as such, and the sentences of an answer that has few questions."""
    examples = [
        example
        for example in training_data.intent_examples
        if example.get(FORMS) and not names_its_topic(example)
    ]
    questions = Counter(example_label(example) for example in examples if not is_answer_text(example))
    return [
        example
        for example in examples
        if not is_answer_text(example)
        or example_metadata(example).get("is_title")
        or questions[example_label(example)] < QUESTIONS_ENOUGH
    ]


def is_answer_text(example: Message) -> bool:
    """Whether an example is a sentence of the answer itself, not a question."""
    return bool(example_metadata(example).get("is_answer_text"))


def names_its_topic(example: Message) -> bool:
    """Whether an example of a side is a question with its topic, which is the answer's, not a follow-up."""
    return bool(((example.get("metadata") or {}).get("intent") or {}).get("names_topic"))


def example_metadata(example: Message) -> dict[str, Any]:
    """What the export says of an example."""
    return (example.get("metadata") or {}).get("example") or {}


def example_label(example: Message) -> str:
    """What an example stands for: an intent, or "intent/detail"."""
    return str(example.get(INTENT_RESPONSE_KEY) or example.get(INTENT))
