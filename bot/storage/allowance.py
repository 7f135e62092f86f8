"""How much a sender may still ask of all bots together, that share one PostgreSQL."""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, Interval, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from bot.storage.models import WebAllowance

_NOW = func.timezone("utc", func.clock_timestamp())
_EACH = bindparam("each", type_=Interval())
_FULL = bindparam("full", type_=Interval())
_FILLED = func.greatest(WebAllowance.empty_at, _NOW) + _EACH
_NEW = insert(WebAllowance).values(sender=bindparam("sender"), empty_at=_NOW + _EACH)
_TAKE = _NEW.on_conflict_do_update(
    index_elements=[WebAllowance.sender],
    set_={"empty_at": _FILLED},
    where=_FILLED - _NOW <= _FULL,
).returning(WebAllowance.sender)
_FILLED_IN = select(func.extract("epoch", _FILLED - _NOW)).where(WebAllowance.sender == bindparam("sender"))


def take(connection: Connection, sender: str, each: float, bucket: float) -> float:
    """Count an act of a sender, as `bot.channels.throttle.Throttle` does for one process.

    Args:
        connection: to PostgreSQL, whose clock counts.
        sender: an opaque name.
        each: seconds after which one more act is let through.
        bucket: seconds in which a full bucket empties.

    Returns:
        0, or the seconds until the act would be let through; then it does not count.
    """
    asked = {
        "sender": sender,
        "each": datetime.timedelta(seconds=each),
        # Without the half, rounding would at times take the last of a full bucket for one too many.
        "full": datetime.timedelta(seconds=bucket + each / 2),
    }
    if connection.execute(_TAKE, asked).scalar() is not None:
        return 0.0
    filled_in = float(connection.execute(_FILLED_IN, asked).scalar() or 0.0)
    return max(filled_in - bucket, each / 2)
