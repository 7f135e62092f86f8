"""Who the editors are, by their ids."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from bot.storage.editors.tables import Editor

_EDITOR: Any = Editor.__table__


def full_names(connection: Connection) -> dict[int, str]:
    """The name to show of each editor, by id; also of those whose account is closed."""
    return {row.id: row.full_name for row in connection.execute(select(_EDITOR.c.id, _EDITOR.c.full_name))}
