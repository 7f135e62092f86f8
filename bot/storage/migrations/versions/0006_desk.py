"""The editors' desk: whose a question is and what became of it; who is told when an answer changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Let questions be handed to an office, and answers be watched."""
    op.add_column("question", sa.Column("office", sa.String(64)))
    op.add_column("question", sa.Column("answer", sa.String(128)))
    op.add_column("delivery", sa.Column("change", sa.String(64)))
    op.create_table(
        "watch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("conversation", sa.String(128), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("answer", sa.String(128), nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("told", sa.String(64)),
        sa.UniqueConstraint("conversation", "answer", name="uq_watch_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_watch_answer", "watch", ["answer"])
    op.create_index("ix_watch_until", "watch", ["until"])
