"""Shell. Takedown: what was taken down for good, and the tombstones that say so."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    "ALTER TABLE sources ADD COLUMN taken BIGINT",
    """
    CREATE TABLE ended (
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        slug TEXT NOT NULL,
        published BIGINT NOT NULL,
        PRIMARY KEY (id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tombstones (
        scope TEXT NOT NULL,
        id TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (scope, id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX ix_tombstones_at ON tombstones (at)",
    """
    CREATE TABLE retracted (
        post INTEGER NOT NULL,
        at BIGINT NOT NULL,
        since BIGINT NOT NULL,
        comment TEXT NOT NULL,
        back BOOLEAN NOT NULL,
        PRIMARY KEY (post),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE taken_bands (
        band BIGINT NOT NULL,
        post INTEGER NOT NULL,
        PRIMARY KEY (band, post),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX ix_taken_bands_post ON taken_bands (post)",
    "CREATE TABLE gone (path TEXT NOT NULL, PRIMARY KEY (path)) WITHOUT ROWID",
)


def upgrade() -> None:
    """Add tables and a column. Nothing was taken down so far."""
    for statement in STATEMENTS:
        op.execute(statement)
