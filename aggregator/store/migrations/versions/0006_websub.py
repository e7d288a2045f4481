"""Shell. WebSub: who subscribes to our documents, and where we subscribe."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    """Add what the new tables need."""
    for statement in STATEMENTS:
        op.execute(statement)
