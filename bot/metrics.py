"""What is counted for whoever runs the bot: how many and how long, never who or what about.

A label is a name out of a short list: a channel, a kind. Nothing that a person wrote or that stands
for a person ever becomes one.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

MESSAGES = Counter("bot_messages", "Messages accepted, by channel and kind.", ["channel", "kind"])
"""kind: text, button, picture, or unreadable (a voice message, a file)."""

REDELIVERIES = Counter("bot_redeliveries", "Messages that a platform delivered again.", ["channel"])

UNWRITABLE = Counter(
    "bot_unwritable_messages", "Messages that the database can never take; they were dropped.", ["channel"]
)

REPLIES = Counter("bot_replies", "Messages answered, by channel and kind of the reply.", ["channel", "kind"])
"""kind: of the reply's last card (answer, facet, choices, fallback, smalltalk, action), trouble if the
person was told that something is wrong here, silent if a group was spared a reply; paused: the channel is
switched off; held: the platform takes it only when the person writes again; unreachable and dropped: no
reply was brought to the person, because they are gone or the platform refused for too long."""

REPLY_SECONDS = Histogram(
    "bot_reply_seconds",
    "Seconds from a message's acceptance to the end of its reply.",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)

CARDS = Counter("bot_cards", "Cards handed to a platform, replies and deliveries.", ["channel"])

REFUSED = Counter(
    "bot_sends_refused", "Cards that a platform did not take, by reason.", ["channel", "reason"]
)
"""reason: as the subclasses of SendError, in Prometheus's spelling: unreachable, only_in_reply,
try_later, maybe_sent, rejected."""

TASK_UP = Gauge("bot_task_up", "1 if a background task goes on, 0 if it has failed a moment ago.", ["task"])
TASK_RESTARTS = Counter("bot_task_restarts", "Background tasks that failed and were begun again.", ["task"])

DATABASE_UP = Gauge("bot_database_up", "1 if a message could be written into the database.")
DISK_FREE = Gauge("bot_database_free_bytes", "Free space where the SQLite database is.")
UNANSWERED = Gauge("bot_unanswered_messages", "Messages that wait for their reply.")
OLDEST_UNANSWERED = Gauge(
    "bot_oldest_unanswered_seconds", "For how long the oldest unanswered message has waited; 0 if none does."
)
OLDEST_DELIVERY = Gauge(
    "bot_oldest_delivery_seconds",
    "For how long the oldest delivery that could go out has been queued; 0 if none is.",
)
OLDEST_LEFT = Gauge(
    "bot_oldest_left_question_seconds",
    "For how long the oldest question left for the staff has waited; 0 if none does.",
)
MODEL_READY = Gauge("bot_model_ready", "1 if the Rasa side answers with a model.")
MODEL_TRAINING = Gauge("bot_model_training", "1 while a model is trained.")
MODEL_FAILED = Gauge("bot_model_training_failed", "1 if the last training failed.")
MODEL_REFUSED = Gauge("bot_model_refused", "1 if the last model was refused by its validation.")
CONTENT = Gauge("bot_content_info", "1 for the version of content/ that is served.", ["version"])
CONTENT_SINCE = Gauge("bot_content_since_seconds", "When that version became live, in Unix time.")
CONTENT_ERRORS = Gauge("bot_content_errors", "Errors in content/ that keep a changed file from being served.")
CHANNEL_CONNECTED = Gauge("bot_channel_connected", "1 if the channel can receive and send.", ["channel"])


def start(channel: str) -> None:
    """Begin a channel's counters at 0, so that nothing coming in can be told from nothing being there."""
    for kind in ("text", "button", "picture", "unreadable"):
        MESSAGES.labels(channel, kind)
    for counter in (REDELIVERIES, REPLY_SECONDS, CARDS):
        counter.labels(channel)
