"""Shell. Archives: which posts are in which archive document of a scope."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Add what the new tables need."""
    for statement in STATEMENTS:
        op.execute(statement)
