"""Shell. Counters of 64 bits: with 30 posts a second one of 32 bits is full after two years.

Those of SQLite are that long already.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

COUNTERS = {
    "sources": ("token",),
    "errands": ("token",),
    "scopes": ("mark", "settled", "token"),
    "archives": ("mark", "settled"),
    "stories": ("mark", "written", "paged"),
    "hub_topics": ("version", "pinged"),
    "hub_versions": ("version",),
    "hub_subscriptions": ("seen", "delivered"),
}


def upgrade() -> None:
    """Make them longer; one statement a table, since each writes the whole table anew."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in COUNTERS.items():
        longer = ", ".join(f"ALTER COLUMN {column} TYPE BIGINT" for column in columns)
        op.execute(f"ALTER TABLE {table} {longer}")
