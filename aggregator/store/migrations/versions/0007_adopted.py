"""Shell. Adopted files: what a Jekyll site had before us."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    'CREATE TABLE adopted_files ("key" TEXT NOT NULL, file TEXT NOT NULL, PRIMARY KEY ("key")) WITHOUT ROWID',
)


def upgrade() -> None:
    """Add a table. Nothing is adopted yet."""
    for statement in STATEMENTS:
        op.execute(statement)
