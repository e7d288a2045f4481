"""Shell. Events that are of no source: what happened to the configuration file."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

# SQLite takes no constraint from a column: the table is made anew, and keeps its rows and their ids.
ANEW = (
    "ALTER TABLE events RENAME TO events_of_sources",
    """
    CREATE TABLE events (
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        source INTEGER,
        kind TEXT NOT NULL,
        at BIGINT NOT NULL,
        result TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(source) REFERENCES sources (id) ON DELETE CASCADE
    )
    """,
    "INSERT INTO events SELECT id, name, source, kind, at, result, detail FROM events_of_sources",
    "DROP TABLE events_of_sources",
    "CREATE INDEX ix_events_source ON events (source)",
)


def upgrade() -> None:
    """Let the source of an event be none."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE events ALTER COLUMN source DROP NOT NULL")
        return
    for statement in ANEW:
        op.execute(statement)
