"""Shell. The articles of posts, and what sites let robots fetch."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    "ALTER TABLE errands ADD COLUMN post TEXT",
    "ALTER TABLE posts ADD COLUMN article TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE posts ADD COLUMN article_said TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE posts ADD COLUMN awaits BIGINT",
    "CREATE INDEX posts_awaiting ON posts (awaits) WHERE awaits IS NOT NULL",
    """
    CREATE TABLE robots (
        site TEXT NOT NULL,
        until BIGINT NOT NULL,
        rules TEXT NOT NULL,
        trouble TEXT NOT NULL,
        PRIMARY KEY (site)
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """Add columns and a table. No article was asked for yet."""
    for statement in STATEMENTS:
        op.execute(statement)
