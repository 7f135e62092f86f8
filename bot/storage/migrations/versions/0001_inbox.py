"""The inbox, the chats in hand, and the web page's replies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("conversation", sa.String(128)),
        sa.Column("address", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("button", sa.Text),
        sa.Column("language", sa.String(2)),
        sa.Column("is_cut", sa.Boolean, nullable=False),
        sa.Column("is_quiet", sa.Boolean, nullable=False),
        sa.Column("unreadable", sa.Boolean, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("plans", sa.JSON),
        sa.Column("cards_sent", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("answered_at", UtcDateTime),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_answered_at", "inbox", ["answered_at"])
    op.create_index(
        "ix_inbox_unanswered",
        "inbox",
        ["conversation", "id"],
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "chat",
        sa.Column("conversation", sa.String(128), primary_key=True),
        sa.Column("lease", sa.String(32), nullable=False, unique=True),
        sa.Column("leased_until", UtcDateTime, nullable=False),
    )
    op.create_table(
        "web_reply",
        sa.Column("message_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("card", sa.JSON, nullable=False),
        sa.Column("saved_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_web_reply_saved_at", "web_reply", ["saved_at"])
