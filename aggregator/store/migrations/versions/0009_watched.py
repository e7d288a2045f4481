"""Shell. What operators see over time: the last exchanges of each source, and what happened to it."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = (
    """
    CREATE TABLE exchanges (
        source INTEGER NOT NULL,
        slot INTEGER NOT NULL,
        at BIGINT NOT NULL,
        status INTEGER,
        size BIGINT NOT NULL,
        took BIGINT NOT NULL,
        said TEXT NOT NULL,
        failed BOOLEAN NOT NULL,
        PRIMARY KEY (source, slot),
        FOREIGN KEY(source) REFERENCES sources (id) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE events (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        source INTEGER NOT NULL,
        kind TEXT NOT NULL,
        at BIGINT NOT NULL,
        result TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(source) REFERENCES sources (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_events_source ON events (source)",
)


def upgrade() -> None:
    """Add two tables. Nothing is known of what happened before."""
    for statement in STATEMENTS:
        op.execute(statement)
