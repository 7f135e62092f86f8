"""Aggregates what comes in several messages and is answered once: an album, a button pressed twice."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bot.domain.message import PICTURES_MOST, TEXT_LIMIT, Message
from bot.storage import queue
from bot.storage.models import InboxMessage

SETTLES = datetime.timedelta(seconds=1.5)
"""How long the next part of an album is waited for. Telegram delivers them one right after the other."""

AT_ONCE = datetime.timedelta(seconds=3)
"""For so long the same act is the same. Whoever wants an answer again takes longer."""

_TABLE: Any = InboxMessage.__table__


@dataclass(frozen=True, slots=True)
class Aggregator:
    """Writes such messages down, in one transaction of the inbox.

    The first of them is written down as any message; of those that follow, its row keeps the keys, so that a
    redelivery of theirs is known as well.

    hashed: gives a key as it is stored. now: the time.
    """

    connection: Connection
    hashed: Callable[[str], str]
    now: datetime.datetime

    def accept_part(self, part: Message, album: str) -> int | None:
        """Add a part to an album, which is answered when no part has come for a moment.

        A text that comes after that is a message of its own, and a picture the first of the next album: on
        Zalo nothing tells one from another.

        Returns:
            The id of the message that it belongs to; None for a redelivery, or a late part without either.
        """
        whole = self._last(album)
        if whole and (self._is_known(part, whole) or self._stands_alone(part)):
            return None
        if whole and whole.answered_at is None and whole.not_before > self.now:
            return self._join(part, whole)
        if whole is None or part.pictures:
            written = self._begin(part, album)
            return None if written is None else self._change(written, not_before=self.now + SETTLES)
        return self._write(part) if part.text or part.button else None

    def accept_act(self, message: Message, act: str) -> int | None:
        """Write an act down, unless the same was done a moment ago; None then, as for a redelivery."""
        whole = self._last(act)
        if whole and self._is_known(message, whole):
            return None
        if whole and whole.received_at > self.now - AT_ONCE:
            self._change(whole.id, parts=self._parts(message, whole))
            return None
        return self._begin(message, act)

    def _last(self, whole: str) -> Row[Any] | None:
        hashed = self.hashed(whole)
        if self.connection.dialect.name != "sqlite":  # which lets in one at a time
            # Two that come at the same moment find nothing to lock yet; only one of them may be the first.
            self.connection.execute(select(func.pg_advisory_xact_lock(int(hashed[:15], 16))))
        query = select(_TABLE).where(_TABLE.c.whole == hashed).order_by(_TABLE.c.id.desc())
        return self.connection.execute(query.limit(1).with_for_update()).one_or_none()

    def _write(self, message: Message) -> int | None:
        return queue.write(self.connection, replace(message, key=self.hashed(message.key)), self.now)

    def _begin(self, message: Message, whole: str) -> int | None:
        written = self._write(message)
        return None if written is None else self._change(written, whole=self.hashed(whole))

    def _join(self, part: Message, whole: Row[Any]) -> int:
        text = " ".join(filter(None, [whole.text, part.text]))
        return self._change(
            whole.id,
            text=text[:TEXT_LIMIT],
            button=whole.button or part.button,
            is_cut=whole.is_cut or part.is_cut or len(text) > TEXT_LIMIT,
            unreadable=whole.unreadable and part.unreadable,
            pictures=[*(whole.pictures or ()), *part.pictures][:PICTURES_MOST] or None,
            parts=self._parts(part, whole),
            not_before=self.now + SETTLES,
        )

    def _is_known(self, message: Message, whole: Row[Any]) -> bool:
        return self.hashed(message.key) in {whole.key, *(whole.parts or ())}

    def _stands_alone(self, part: Message) -> bool:
        """Whether a part came too late before and is a message of its own; to a process whose clock is
        behind, the album may be open still."""
        query = select(_TABLE.c.id).where(_TABLE.c.key == self.hashed(part.key))
        return self.connection.execute(query).first() is not None

    def _parts(self, message: Message, whole: Row[Any]) -> list[str]:
        return [*(whole.parts or ()), self.hashed(message.key)]

    def _change(self, message_id: int, **values: object) -> int:
        self.connection.execute(update(_TABLE).where(_TABLE.c.id == message_id).values(values))
        return message_id
