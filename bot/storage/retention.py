"""For how long what outlives a reply is kept, and how a person is forgotten."""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, and_, delete, or_, select, update

from bot.storage.models import (
    Delivery,
    DeliveryStatus,
    InboxMessage,
    KeptQuestion,
    PictureText,
    QuestionState,
    Subscription,
    UploadedPicture,
    Watch,
    WebAllowance,
    WebReply,
    ZaloOptions,
)

REDELIVERY = datetime.timedelta(days=7)
"""How long a redelivery is known. The longest any of our platforms tries again is a day."""

WEB_REPLY = datetime.timedelta(minutes=10)
"""How long a page that lost its connection can still ask for a reply."""

PICTURE = datetime.timedelta(minutes=10)
"""How long what was read in a picture waits for its button, and a picture from the page to be read."""

LINK = datetime.timedelta(hours=24)
"""How long it is known in which conversation a question was asked that nobody left for the staff."""

QUESTION = datetime.timedelta(days=90)
"""How long a question is kept for the editors, and how long a delivery may wait for the person.
How long somebody is told of changes of an answer: bot.storage.watches.WATCH."""

HELD_REPLY = datetime.timedelta(days=7)
"""How long a reply that the platform refused waits for the person to write again."""

OPTIONS = datetime.timedelta(hours=24)
"""How long a number picks one of the options that a card had."""

FINISHED = {"address": None, "conversation": None, "text": None, "plans": None, "lease": None}
"""What a delivery no longer tells once it is sent, or cannot be."""


def purge(connection: Connection, now: datetime.datetime) -> None:
    """Delete what has been kept long enough. A question takes its delivery along."""
    connection.execute(delete(InboxMessage).where(InboxMessage.answered_at <= now - REDELIVERY))
    connection.execute(delete(WebReply).where(WebReply.saved_at <= now - WEB_REPLY))
    connection.execute(delete(UploadedPicture).where(UploadedPicture.uploaded_at <= now - PICTURE))
    connection.execute(delete(PictureText).where(PictureText.read_at <= now - PICTURE))
    connection.execute(delete(WebAllowance).where(WebAllowance.empty_at <= now))
    is_old = KeptQuestion.asked_at <= now - LINK
    connection.execute(delete(KeptQuestion).where(KeptQuestion.asked_at <= now - QUESTION))
    connection.execute(delete(KeptQuestion).where(is_old, KeptQuestion.state == QuestionState.UNSURE))
    connection.execute(
        update(KeptQuestion)
        .where(
            is_old,
            KeptQuestion.state.in_((QuestionState.OPEN, QuestionState.HANDLED)),
            KeptQuestion.conversation.is_not(None),
        )
        .values(conversation=None)
    )
    connection.execute(delete(ZaloOptions).where(ZaloOptions.offered_at <= now - OPTIONS))
    connection.execute(delete(Watch).where(Watch.until <= now))
    connection.execute(
        update(Delivery)
        .where(
            or_(
                Delivery.queued_at <= now - QUESTION,
                and_(Delivery.plans.is_not(None), Delivery.queued_at <= now - HELD_REPLY),
            ),
            Delivery.status.in_((DeliveryStatus.QUEUED, DeliveryStatus.WAITING)),
        )
        .values(status=DeliveryStatus.UNDELIVERABLE, reason="expired", **FINISHED)
    )


def forget(connection: Connection, conversation: str, message_id: int) -> None:
    """Delete everything about a conversation that came before the message in which that was asked for.

    What the person wrote after it is answered like anything else.
    """
    replied = select(Delivery.question_id).where(
        Delivery.conversation == conversation, Delivery.question_id.is_not(None)
    )
    connection.execute(
        delete(KeptQuestion).where(
            or_(KeptQuestion.conversation == conversation, KeptQuestion.id.in_(replied))
        )
    )
    connection.execute(delete(Subscription).where(Subscription.conversation == conversation))
    connection.execute(delete(Watch).where(Watch.conversation == conversation))
    connection.execute(delete(Delivery).where(Delivery.conversation == conversation))
    connection.execute(delete(WebReply).where(WebReply.conversation == conversation))
    connection.execute(delete(ZaloOptions).where(ZaloOptions.conversation == conversation))
    connection.execute(delete(UploadedPicture).where(UploadedPicture.conversation == conversation))
    connection.execute(delete(PictureText).where(PictureText.conversation == conversation))
    connection.execute(
        delete(InboxMessage).where(InboxMessage.conversation == conversation, InboxMessage.id < message_id)
    )
