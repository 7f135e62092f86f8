"""What is counted of Zalo alone."""

from __future__ import annotations

from prometheus_client import Counter

EVENTS_DROPPED = Counter(
    "bot_zalo_events_dropped",
    "Events of Zalo's webhook that were answered and dropped, by reason.",
    ["reason"],
)
"""reason: set_up (ZALO_OA_SECRET is not set), unreadable, signature (it is wrong), other_account."""
