"""A bulletin among the news that are delivered: how its issue of a day is called there."""

from __future__ import annotations

import datetime

_BEGINS = "bulletin:"


def announcement_of(bulletin_id: str, date: datetime.date) -> str:
    """What is delivered: the bulletin as of a date. Nobody gets the same twice."""
    return f"{_BEGINS}{bulletin_id}:{date.isoformat()}"


def bulletin_in(announcement: str) -> str | None:
    """The id of the bulletin that an announcement is of; None if it is of an answer."""
    return announcement.split(":")[1] if announcement.startswith(_BEGINS) else None
