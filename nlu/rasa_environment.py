"""The environment that Rasa runs in: no telemetry, no chatter, nothing that people said in its log, and right
arithmetic. To be imported before Rasa, which reads it when it is imported."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import MutableMapping
from typing import Any

from nlu.arithmetic import openblas

os.environ.update(
    RASA_TELEMETRY_ENABLED="false",
    SQLALCHEMY_SILENCE_UBER_WARNING="1",  # Rasa pins SQLAlchemy 1.4
    TF_CPP_MIN_LOG_LEVEL="3",
    # One message is too little to share among threads, and those of OpenBLAS spin for long when it is done:
    # 136 ms of processor time a message instead of 31. A training that takes one processor leaves one.
    OPENBLAS_NUM_THREADS="1",
    LOG_LEVEL="WARNING",
)
openblas.choose()
# TensorFlow imports it for TensorFlow Lite, if it is there: 65 MB and a third of a second.
sys.modules["jax"] = None  # type: ignore[assignment]
warnings.filterwarnings("ignore", message=".*Slot auto-fill has been removed.*")  # said of every domain
warnings.filterwarnings("ignore", message=".*duplicated intents.*")  # of every retrieval intent in a domain
warnings.filterwarnings("ignore", message=".*'RulePolicy' is not included.*")  # a kind of it is
warnings.filterwarnings("ignore", module="matplotlib")

_show = warnings.showwarning


def _show_no_deprecation(message: Warning | str, category: type[Warning], *rest: Any, **others: Any) -> None:
    """Rasa's pins are past their support, and some of what they pull in takes every filter away."""
    if not issubclass(category, DeprecationWarning):
        _show(message, category, *rest, **others)


warnings.showwarning = _show_no_deprecation

# What Rasa's log calls may carry that people said, or that stands for it.
_PRIVATE = frozenset(
    {
        "text", "user_text", "message", "response_text", "parse_data_text", "parse_data", "tracker_states",
        "current_states", "states", "rasa_event", "rasa_events", "user_message", "json_message",
        "tracker_latest_message", "slot_values", "prediction_events", "entity", "current_entity",
        "next_entity", "parse_data_entities", "successes",
    }
)  # fmt: skip


def redact_log() -> None:
    """Take people's words out of every event that Rasa logs, whatever its level."""
    import structlog
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[_without_words, *processors])


def _without_words(_: Any, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in _PRIVATE}
    if method == "exception" or kept.get("exc_info"):
        # A rendered traceback shows the frames' local variables, and so the message.
        error, _value, trace = sys.exc_info()
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-3:]]
        kept |= {"error": error.__name__ if error else None, "places": places, "exc_info": False}
    return kept
