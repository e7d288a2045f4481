"""Shell. What is known of the items of each source's last document, so that only new ones are read."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

ITEMS = """
CREATE TABLE items (
    source INTEGER NOT NULL,
    known TEXT NOT NULL,
    PRIMARY KEY (source),
    FOREIGN KEY(source) REFERENCES sources (id)
)
"""


def upgrade() -> None:
    """Add a table. Nothing is known yet: the next document of each source is read whole."""
    op.execute(ITEMS)
