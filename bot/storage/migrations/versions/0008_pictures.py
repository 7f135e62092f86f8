"""Pictures: what the channel gets them by, those from the page until they are read, and what was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column and create the tables."""
    op.add_column("inbox", sa.Column("pictures", sa.JSON))
    op.create_table(
        "uploaded_picture",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("conversation", sa.String(128), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_uploaded_picture_conversation", "uploaded_picture", ["conversation"])
    op.create_index("ix_uploaded_picture_uploaded_at", "uploaded_picture", ["uploaded_at"])
    op.create_table(
        "picture_text",
        sa.Column("conversation", sa.String(128), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=False),
    )
    op.create_index("ix_picture_text_read_at", "picture_text", ["read_at"])
