"""When the two languages of an answer last said the same."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.storage.editors.tables import InStep
from bot.storage.models import JsonObject

_IN_STEP: Any = InStep.__table__


@dataclass(frozen=True, slots=True)
class StoredSides:
    """What the languages said when they were in step; behind_since: when one was first seen to be behind."""

    sides: JsonObject
    behind_since: datetime.datetime | None


def every(connection: Connection) -> dict[str, StoredSides]:
    """What is known, by the answers' ids."""
    rows = connection.execute(select(_IN_STEP))
    return {row.answer_id: StoredSides(row.sides, row.behind_since) for row in rows}


def keep(connection: Connection, answer_id: str, stored: StoredSides) -> None:
    """Remember it in place of what was known."""
    connection.execute(delete(_IN_STEP).where(_IN_STEP.c.answer_id == answer_id))
    connection.execute(
        insert(_IN_STEP).values(answer_id=answer_id, sides=stored.sides, behind_since=stored.behind_since)
    )
