"""When what was published was understood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.storage.models import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let a publication tell since when the model that answers knows it."""
    op.add_column("publication", sa.Column("understood_at", UtcDateTime))
