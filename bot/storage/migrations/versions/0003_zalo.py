"""Zalo: its tokens, the options that a number picks; replies that wait for the person, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of the Zalo channel."""
    op.add_column("delivery", sa.Column("plans", sa.JSON))
    op.add_column("delivery", sa.Column("reason", sa.Text))
    op.create_table(
        "zalo_account",
        sa.Column("oa_id", sa.String(32), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("access_token", sa.Text),
        sa.Column("refresh_token", sa.Text),
        sa.Column("saved_at", UtcDateTime),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("renewing", sa.String(32)),
        sa.Column("renewing_since", UtcDateTime),
        sa.Column("refused", sa.Text),
        sa.Column("event_at", UtcDateTime),
    )
    op.create_table(
        "zalo_options",
        sa.Column("conversation", sa.String(128), primary_key=True),
        sa.Column("payloads", sa.JSON, nullable=False),
        sa.Column("offered_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_zalo_options_offered_at", "zalo_options", ["offered_at"])
