"""Which of several bots leads, and what a page's sender has asked of all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "leader",
        sa.Column("role", sa.String(32), primary_key=True),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
    )
    op.create_table(
        "web_allowance",
        sa.Column("sender", sa.String(64), primary_key=True),
        sa.Column("empty_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_web_allowance_empty_at", "web_allowance", ["empty_at"])
