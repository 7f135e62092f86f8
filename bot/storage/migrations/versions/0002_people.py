"""Questions for the editors, subscriptions, deliveries, feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of what outlives a reply."""
    op.add_column("web_reply", sa.Column("conversation", sa.String(128)))
    op.create_table(
        "question",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.Integer, nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("nearest", sa.String(128)),
        sa.Column("conversation", sa.String(128)),
        sa.Column("address", sa.Text),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_question_conversation", "question", ["conversation"])
    op.create_index("ix_question_asked_at", "question", ["asked_at"])
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("conversation", sa.String(128), nullable=False, unique=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("conversation", sa.String(128)),
        sa.Column("question_id", sa.Integer, sa.ForeignKey("question.id", ondelete="CASCADE"), unique=True),
        sa.Column("text", sa.Text),
        sa.Column("answer", sa.String(128)),
        sa.Column("announcement", sa.String(128)),
        sa.Column("subscription_id", sa.Integer, sa.ForeignKey("subscription.id", ondelete="CASCADE")),
        sa.Column("cards_sent", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease", sa.String(32)),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("queued_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("announcement", "subscription_id", name="uq_delivery_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_status", "delivery", ["status", "not_before"])
    op.create_index("ix_delivery_conversation", "delivery", ["conversation"])
    op.create_index("ix_delivery_subscription_id", "delivery", ["subscription_id"])
    op.create_table(
        "feedback",
        sa.Column("answer", sa.String(128), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("helpful", sa.Integer, nullable=False),
        sa.Column("unhelpful", sa.Integer, nullable=False),
    )
