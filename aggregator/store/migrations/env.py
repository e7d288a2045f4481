"""Shell. Alembic's entry: runs the migrations on the connection that `upgrade` was given."""

from __future__ import annotations

from alembic import context

from aggregator.store.tables import metadata

# SQLite cannot alter most of a table: batch mode makes a new one and copies. The caller's transaction is
# the outer one, so that a step that fails undoes all of them.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
