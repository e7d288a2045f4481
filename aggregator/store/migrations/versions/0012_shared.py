"""Shell. What several processes on one database share; on a SQLite file both tables stay empty."""

from __future__ import annotations

from alembic import op

from aggregator.store.tables import contents, duties

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add two tables."""
    contents.create(op.get_bind())
    duties.create(op.get_bind())
