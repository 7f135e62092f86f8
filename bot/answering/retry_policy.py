"""How often something is tried again, and after which pauses."""

from __future__ import annotations

from dataclasses import dataclass

SEND_SECONDS = 90.0
"""Seconds that sending a card may take; what a platform has said nothing to by then may have arrived."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long the worker puts up with what; times in seconds.

    rasa_first, rasa_most: the pauses between two tries while Rasa is away grow from one to the
    other; rasa_total: after that long without Rasa the person is told.
    failures: tries of a message that Rasa or our own code fails at.
    deliveries: tries of a reply for which the platform asks for patience; unless it asks for
    longer, the pauses grow from delivery_first to delivery_most.
    working: how long showing "typing" may hold up the answer.
    sending: how long one card may take.
    """

    rasa_first: float = 0.5
    rasa_most: float = 5.0
    rasa_total: float = 120.0
    failures: int = 3
    deliveries: int = 10
    delivery_first: float = 1.0
    delivery_most: float = 300.0
    working: float = 2.0
    sending: float = SEND_SECONDS


DEFAULT_POLICY = RetryPolicy()
