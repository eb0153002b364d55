"""Alembic's entry point. The connection comes from `storage.migrations.run`."""

from __future__ import annotations

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller holds the transaction
    render_as_batch=True,
)
context.run_migrations()
