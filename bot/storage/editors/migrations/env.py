"""Runs migrations on the connection that bot/storage/schema.py hands over."""

from __future__ import annotations

from alembic import context

from bot.storage.editors.tables import EditorsBase

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=EditorsBase.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
