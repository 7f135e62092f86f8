"""Limits and times of Zalo's Bot Platform, each with where it is stated.

Official pages: https://docs.zaloplatforms.com/docs/BOT/; integrators: those who run against the real service.
What a message may hold is as for the Official Account (bot/channels/zalo_text.py).
"""

from __future__ import annotations

POLL_SECONDS = 30
"""`timeout` of getUpdates (the pages' example)."""

POLL_FLOOR = 1.0
"""Seconds from the beginning of a poll to that of the next. What was handed out is handed out again, and at
once: without a floor an integrator measured twelve requests a second."""

CALL_SECONDS = 15.0
"""How long a call may take. Ours: nothing is documented."""

EVENT_BYTES = 256 * 1024
"""An event that is read. Not documented."""

SEEN = 1000
"""Ids of messages that are remembered, so that what is handed out again costs no transaction. Ours; the inbox
knows them for a week."""

SECONDS_FIRST, SECONDS_MOST = 1.0, 30.0
"""Pauses between two tries while the platform cannot be reached. Ours."""

BUSY_SECONDS = 5.0
"""The pause before a message is sent again after the platform failed. Ours."""

QUOTA_SECONDS = 3600.0
"""The pause after 429, which also says that the 3,000 messages of a month are used up. Ours."""
