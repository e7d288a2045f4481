"""Shell. Takedown: what was taken down for good, and the tombstones that say so."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Add what the new tables need."""
    for statement in STATEMENTS:
        op.execute(statement)
