"""Shell. Post pages: the mark that the page of each story was rendered for."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "ALTER TABLE stories ADD COLUMN paged INTEGER DEFAULT '-1' NOT NULL",
    "CREATE INDEX stories_unpaged ON stories (id) WHERE mark > paged",
)


def upgrade() -> None:
    """Add a column and its index. No story has a page yet."""
    for statement in STATEMENTS:
        op.execute(statement)
