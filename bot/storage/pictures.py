"""Pictures from the page until they are read, and what was read until somebody asks about it.

Plain functions on a connection, because most of them belong into the transaction that saves the plans.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.storage.models import PictureText, UploadedPicture
from bot.storage.retention import PICTURE

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

UPLOADED_MOST = 20
"""Pictures from pages that are kept at a time."""


def upload(
    connection: Connection, picture_id: str, conversation: str, data: bytes, now: datetime.datetime
) -> bool:
    """Keep a picture from the page until it is read; whether there was room. One that comes again stays."""
    if connection.scalar(select(UploadedPicture.id).where(UploadedPicture.id == picture_id)):
        return True
    if (connection.scalar(select(func.count()).select_from(UploadedPicture)) or 0) >= UPLOADED_MOST:
        return False
    values = {"id": picture_id, "conversation": conversation, "data": data, "uploaded_at": now}
    # The same request may come twice at once.
    new = _INSERT[connection.dialect.name](UploadedPicture).values(values)
    connection.execute(new.on_conflict_do_nothing())
    return True


def uploaded(connection: Connection, picture_id: str) -> bytes | None:
    """A picture from the page; None if it is gone."""
    data: bytes | None = connection.scalar(
        select(UploadedPicture.data).where(UploadedPicture.id == picture_id)
    )
    return data


def discard(connection: Connection, picture_ids: Collection[str]) -> None:
    """Delete pictures from the page; others' names do no harm."""
    connection.execute(delete(UploadedPicture).where(UploadedPicture.id.in_(picture_ids)))


def keep_text(connection: Connection, conversation: str, text: str, now: datetime.datetime) -> None:
    """Keep what was read in a picture of a conversation, in place of an earlier one's."""
    drop_text(connection, conversation)
    values = {"conversation": conversation, "text": text, "read_at": now}
    connection.execute(insert(PictureText).values(values))


def kept_text(connection: Connection, conversation: str, now: datetime.datetime) -> str | None:
    """What was read in the last picture of a conversation; None if that is too long ago."""
    text: str | None = connection.scalar(
        select(PictureText.text).where(
            PictureText.conversation == conversation, PictureText.read_at > now - PICTURE
        )
    )
    return text


def drop_text(connection: Connection, conversation: str) -> None:
    """Delete what was read in a picture of a conversation."""
    connection.execute(delete(PictureText).where(PictureText.conversation == conversation))
