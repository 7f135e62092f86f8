"""The tables. Migrations are made from them; a test says so when the two differ."""

from __future__ import annotations

import datetime

from sqlalchemy import JSON, DateTime, Dialect, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

JsonObject = dict[str, object]


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An aware time, kept as UTC without a zone, because SQLite knows none."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """The time as it is stored."""
        return None if value is None else value.astimezone(datetime.UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """The time as it is used."""
        return None if value is None else value.replace(tzinfo=datetime.UTC)


class Base(DeclarativeBase):
    """The one set of tables."""

    type_annotation_map = {datetime.datetime: UtcDateTime}  # noqa: RUF012


class InboxMessage(Base):
    """A message from its arrival until a redelivery of it can no longer come.

    key: keyed hash of channel and delivery key; what a redelivery is known by.
    plans, cards_sent: how far the answer is, so that a restart goes on where it stopped.
    attempts: failures so far; not_before: when to try again.
    Once it is answered, nothing tells who asked or what: conversation, address, text, button,
    language and plans become NULL.
    """

    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    conversation: Mapped[str | None] = mapped_column(String(128))
    address: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    button: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(2))
    is_cut: Mapped[bool]
    is_quiet: Mapped[bool]
    unreadable: Mapped[bool]
    received_at: Mapped[datetime.datetime]
    plans: Mapped[list[JsonObject] | None] = mapped_column(JSON(none_as_null=True))
    cards_sent: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime.datetime]
    answered_at: Mapped[datetime.datetime | None] = mapped_column(index=True)

    __table_args__ = (
        Index(
            "ix_inbox_unanswered",
            "conversation",
            "id",
            sqlite_where=sql("answered_at IS NULL"),
            postgresql_where=sql("answered_at IS NULL"),
        ),
        # An id is never given twice, so that a web reply cannot meet another message's.
        {"sqlite_autoincrement": True},
    )


class ChatLease(Base):
    """A chat that a worker has in hand. There is a row only while it is so.

    lease: random, of this one time: who comes back late cannot take a later lease for theirs.
    """

    __tablename__ = "chat"

    conversation: Mapped[str] = mapped_column(String(128), primary_key=True)
    lease: Mapped[str] = mapped_column(String(32), unique=True)
    leased_until: Mapped[datetime.datetime]


class WebReply(Base):
    """A card "sent" to the web page: any process's waiting request picks it up from here."""

    __tablename__ = "web_reply"

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card: Mapped[JsonObject] = mapped_column(JSON)
    saved_at: Mapped[datetime.datetime] = mapped_column(index=True)
