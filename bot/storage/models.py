"""The tables. Migrations are made from them; a test says so when the two differ."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
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


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What a table tells of people, and how that ends. Each says so; a test fills it and looks.

    person: the columns that tell who somebody is, where they are reached, or what they wrote.
    keys: those that hold what opens something. nothing: the others.
    forgotten: "with the row" by /forget; "with the answer" as soon as that is sent; None: nobody is in it
    who could ask for it.
    kept: for how long at most; None: until it is answered, or they end it.
    in_backup: whether backups hold what is personal or a key in it.
    """

    nothing: str
    person: str = ""
    keys: str = ""
    forgotten: Literal["with the row", "with the answer"] | None = None
    kept: datetime.timedelta | None = None
    in_backup: bool = False


class InboxMessage(Base):
    """A message from its arrival until a redelivery of it can no longer come.

    key: keyed hash of channel and delivery key; what a redelivery is known by.
    plans, cards_sent: how far the answer is, so that a restart goes on where it stopped.
    attempts: failures so far; not_before: when to try again.
    whole: keyed hash of what it is a part of (an album, a button pressed twice); parts: the keys of the
    other parts that came, hashed as its own.
    pictures: what the channel gets its pictures by.
    Once it is answered, nothing tells who asked or what: conversation, address, text, button,
    language, pictures and plans become NULL.
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
    whole: Mapped[str | None] = mapped_column(String(64), index=True)
    parts: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    pictures: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = (
        Index(
            "ix_inbox_unanswered",
            "conversation",
            "id",
            sqlite_where=sql("answered_at IS NULL"),
            postgresql_where=sql("answered_at IS NULL"),
        ),
        # An id is never given twice, so that a web reply cannot meet another message's.
        {
            "sqlite_autoincrement": True,
            "info": {
                "personal_data": PersonalData(
                    nothing="id channel key is_cut is_quiet unreadable received_at cards_sent attempts "
                    "not_before answered_at whole parts",
                    person="conversation address text button language plans pictures",
                    forgotten="with the row",
                )
            },
        },
    )


class ChatLease(Base):
    """A chat that a worker has in hand. There is a row only while it is so.

    lease: random, of this one time: who comes back late cannot take a later lease for theirs.
    """

    __tablename__ = "chat"

    conversation: Mapped[str] = mapped_column(String(128), primary_key=True)
    lease: Mapped[str] = mapped_column(String(32), unique=True)
    leased_until: Mapped[datetime.datetime]

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="lease leased_until",
                    person="conversation",
                    forgotten="with the answer",
                    kept=datetime.timedelta(minutes=1),
                )
            }
        },
    )


class WebReply(Base):
    """A card "sent" to the web page: any process's waiting request picks it up from here.

    conversation: so that whoever asks to be forgotten is so here, too.
    """

    __tablename__ = "web_reply"

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card: Mapped[JsonObject] = mapped_column(JSON)
    conversation: Mapped[str | None] = mapped_column(String(128))
    saved_at: Mapped[datetime.datetime] = mapped_column(index=True)

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="message_id position saved_at",
                    person="card conversation",
                    forgotten="with the row",
                    kept=datetime.timedelta(minutes=10),
                )
            }
        },
    )


class UploadedPicture(Base):
    """A picture that came from the page, until it is read.

    id: keyed hash of the delivery key of the message that it came with.
    """

    __tablename__ = "uploaded_picture"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(String(128), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_at: Mapped[datetime.datetime] = mapped_column(index=True)

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="id uploaded_at",
                    person="conversation data",
                    forgotten="with the row",
                    kept=datetime.timedelta(minutes=10),
                )
            }
        },
    )


class PictureText(Base):
    """What was read in the last picture of a conversation, masked, while its button waits to be pressed."""

    __tablename__ = "picture_text"

    conversation: Mapped[str] = mapped_column(String(128), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime.datetime] = mapped_column(index=True)

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="read_at",
                    person="conversation text",
                    forgotten="with the row",
                    kept=datetime.timedelta(minutes=10),
                )
            }
        },
    )


class QuestionState(StrEnum):
    """How far a kept question is."""

    UNSURE = "unsure"
    """Choices were offered; the next message tells whether one of them was meant."""

    OPEN = "open"
    """Nothing answered it. Editors see it; nobody waits for a reply."""

    LEFT = "left"
    """The asker left it for the staff and waits for a reply."""

    REPLIED = "replied"
    """The staff's reply is on its way, or there; its delivery tells."""

    HANDLED = "handled"
    """Nobody waits for a reply, and an editor put it into an answer or said that it is not for the city."""


class KeptQuestion(Base):
    """A question that found no answer, for the editors.

    message_id: the inbox's; text: masked; nearest: the answer that came nearest, if any did.
    office: whose work it is, where an editor said so; else it follows from `nearest`.
    answer: into which answer an editor put it, if they did.
    conversation: by which "yes, leave it" finds it; NULL after a day, unless it was left.
    address: where the reply goes; only while the asker waits for one.
    """

    __tablename__ = "question"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    nearest: Mapped[str | None] = mapped_column(String(128))
    conversation: Mapped[str | None] = mapped_column(String(128), index=True)
    address: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime.datetime] = mapped_column(index=True)
    office: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(String(128))

    # Editors name a question by its id, also weeks later.
    __table_args__ = (
        {
            "sqlite_autoincrement": True,
            "info": {
                "personal_data": PersonalData(
                    nothing="id message_id state channel language nearest asked_at office answer",
                    person="text conversation address",
                    forgotten="with the row",
                    kept=datetime.timedelta(days=90),
                    in_backup=True,
                )
            },
        },
    )


class Subscription(Base):
    """Somebody who wants news, and about what: names of topics."""

    __tablename__ = "subscription"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(Text)
    conversation: Mapped[str] = mapped_column(String(128), unique=True)
    language: Mapped[str] = mapped_column(String(2))
    topics: Mapped[list[str]] = mapped_column(JSON)
    since: Mapped[datetime.datetime]

    __table_args__ = (
        {
            "sqlite_autoincrement": True,
            "info": {
                "personal_data": PersonalData(
                    nothing="id channel language since",
                    person="address conversation topics",
                    forgotten="with the row",
                    in_backup=True,
                )
            },
        },
    )


class Watch(Base):
    """Somebody who wants to be told when an answer changes, until a day.

    told: the version of the answer of which they were told last, so that each is told once.
    """

    __tablename__ = "watch"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(Text)
    conversation: Mapped[str] = mapped_column(String(128))
    language: Mapped[str] = mapped_column(String(2))
    answer: Mapped[str] = mapped_column(String(128), index=True)
    until: Mapped[datetime.datetime] = mapped_column(index=True)
    told: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("conversation", "answer", name="uq_watch_once"),
        {
            "sqlite_autoincrement": True,
            "info": {
                "personal_data": PersonalData(
                    nothing="id channel language until told",
                    person="address conversation answer",
                    forgotten="with the row",
                    kept=datetime.timedelta(days=180),
                    in_backup=True,
                )
            },
        },
    )


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    QUEUED = "queued"
    WAITING = "waiting"
    """The platform lets us write only after the person did: it goes with the next reply."""

    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


class Delivery(Base):
    """Something to tell a person who did not ask just now: a reply of the staff, or news.

    question_id, text, answer: of a reply: to what, its words, an answer to show with it.
    announcement, subscription_id: of news: the answer's id and to whom, once each.
    announcement, change: of a correction for who watches an answer: its id, and which version it tells of.
    plans: of a reply of the bot itself that the platform refused, until the person writes again.
    reason: why it waits, for the operator; of what cannot be delivered one of bot.storage.outbox.Failure.
    cards_sent, attempts, not_before: as in the inbox; lease: of the process that has it in hand.
    At the end of it address, conversation, text and plans become NULL.
    """

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    address: Mapped[str | None] = mapped_column(Text)
    conversation: Mapped[str | None] = mapped_column(String(128), index=True)
    question_id: Mapped[int | None] = mapped_column(
        ForeignKey("question.id", ondelete="CASCADE"), unique=True
    )
    text: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(String(128))
    announcement: Mapped[str | None] = mapped_column(String(128))
    subscription_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscription.id", ondelete="CASCADE"), index=True
    )
    plans: Mapped[list[JsonObject] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    change: Mapped[str | None] = mapped_column(String(64))
    cards_sent: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(32))
    not_before: Mapped[datetime.datetime]
    queued_at: Mapped[datetime.datetime]

    __table_args__ = (
        UniqueConstraint("announcement", "subscription_id", name="uq_delivery_once"),
        Index("ix_delivery_status", "status", "not_before"),
        # The page knows by the id what it has shown already.
        {
            "sqlite_autoincrement": True,
            "info": {
                "personal_data": PersonalData(
                    nothing="id status channel language question_id answer announcement subscription_id "
                    "reason change cards_sent attempts lease not_before queued_at",
                    person="address conversation text plans",
                    forgotten="with the row",
                    kept=datetime.timedelta(days=90),
                    in_backup=True,
                )
            },
        },
    )


class Feedback(Base):
    """How many found an answer helpful, and how many did not, on a day in Vietnam."""

    __tablename__ = "feedback"

    answer: Mapped[str] = mapped_column(String(128), primary_key=True)
    day: Mapped[datetime.date] = mapped_column(primary_key=True)
    helpful: Mapped[int] = mapped_column(default=0)
    unhelpful: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        {"info": {"personal_data": PersonalData(nothing="answer day helpful unhelpful", in_backup=True)}},
    )


class Traffic(Base):
    """How many messages of a day in Vietnam there were with one value of one dimension: of the hour 14, of
    the channel telegram. No row tells two dimensions of the same message."""

    __tablename__ = "traffic"

    day: Mapped[datetime.date] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int]

    __table_args__ = (
        {"info": {"personal_data": PersonalData(nothing="day dimension value number", in_backup=True)}},
    )


class ZaloAccount(Base):
    """The Official Account on Zalo: its tokens, encrypted, and when its webhook was last called.

    generation: counts the pairs of tokens. saved_at, expires_at: of the pair.
    renewing, renewing_since: of a renewal whose outcome is not known yet; refused: why Zalo will
    not renew them.
    """

    __tablename__ = "zalo_account"

    oa_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    generation: Mapped[int]
    access_token: Mapped[str | None] = mapped_column(Text)
    refresh_token: Mapped[str | None] = mapped_column(Text)
    saved_at: Mapped[datetime.datetime | None]
    expires_at: Mapped[datetime.datetime | None]
    renewing: Mapped[str | None] = mapped_column(String(32))
    renewing_since: Mapped[datetime.datetime | None]
    refused: Mapped[str | None] = mapped_column(Text)
    event_at: Mapped[datetime.datetime | None]

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="oa_id generation saved_at expires_at renewing renewing_since refused event_at",
                    keys="access_token refresh_token",
                )
            }
        },
    )


class ZaloOptions(Base):
    """What the numbers under the last card stand for in a conversation on Zalo, for a day."""

    __tablename__ = "zalo_options"

    conversation: Mapped[str] = mapped_column(String(128), primary_key=True)
    payloads: Mapped[list[str]] = mapped_column(JSON)
    offered_at: Mapped[datetime.datetime] = mapped_column(index=True)

    __table_args__ = (
        {
            "info": {
                "personal_data": PersonalData(
                    nothing="offered_at",
                    person="conversation payloads",
                    forgotten="with the row",
                    kept=datetime.timedelta(hours=24),
                )
            }
        },
    )


class Leader(Base):
    """The process that does what one alone may do. There is one row at most; with SQLite there is none."""

    __tablename__ = "leader"

    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(32))
    until: Mapped[datetime.datetime]

    __table_args__ = ({"info": {"personal_data": PersonalData(nothing="role holder until")}},)


class WebAllowance(Base):
    """How much of what a page's sender may ask is used up: at `empty_at` nothing of it is.

    sender: keyed hash of what is counted, with which nobody is found.
    """

    __tablename__ = "web_allowance"

    sender: Mapped[str] = mapped_column(String(64), primary_key=True)
    empty_at: Mapped[datetime.datetime] = mapped_column(index=True)

    __table_args__ = ({"info": {"personal_data": PersonalData(nothing="sender empty_at")}},)
