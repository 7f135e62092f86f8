"""Messages that belong together and are answered once: albums, buttons that are pressed twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let a message tell what it is a part of, and which other parts of it have come."""
    op.add_column("inbox", sa.Column("whole", sa.String(64)))
    op.add_column("inbox", sa.Column("parts", sa.JSON))
    op.create_index("ix_inbox_whole", "inbox", ["whole"])
