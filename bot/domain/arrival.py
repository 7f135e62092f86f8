"""When news reaches a person."""

from __future__ import annotations

from enum import StrEnum


class Arrival(StrEnum):
    """When news reaches people on a channel; the phrase in content/messages.yml has the same name."""

    AT_ONCE = "arrives_at_once"
    ON_RETURN = "arrives_on_return"
    """When they open the place again, or write."""

    WITH_NEXT_MESSAGE = "arrives_with_next_message"
    """The platform may let nothing through before they write again."""
