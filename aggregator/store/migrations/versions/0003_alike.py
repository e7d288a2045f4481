"""Shell. What near duplicates need: bands, how a post joined its story, under which id it is shown where."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "ALTER TABLE categories ADD COLUMN keeps BOOLEAN DEFAULT '0' NOT NULL",
    """
    CREATE TABLE bands (
        band BIGINT NOT NULL,
        post INTEGER NOT NULL,
        PRIMARY KEY (band, post),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX ix_bands_post ON bands (post)",
    """
    CREATE TABLE tellings (
        post INTEGER NOT NULL,
        telling TEXT NOT NULL,
        joined TEXT NOT NULL,
        similarity FLOAT NOT NULL,
        PRIMARY KEY (post),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    )
    """,
    # Until now every member was a copy of the founder, by its link or its id; nobody wrote down by which.
    "INSERT INTO tellings SELECT id, story, 'link', 1.0 FROM posts WHERE post != story",
    "DROP INDEX ix_placements_story",
    "DROP INDEX placements_newest",
    "ALTER TABLE placements RENAME TO placed",
    """
    CREATE TABLE placements (
        category TEXT NOT NULL,
        shown TEXT NOT NULL,
        story TEXT NOT NULL,
        published BIGINT NOT NULL,
        source INTEGER NOT NULL,
        PRIMARY KEY (category, shown),
        FOREIGN KEY(story) REFERENCES stories (id) ON DELETE CASCADE,
        FOREIGN KEY(source) REFERENCES sources (id)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO placements
    SELECT placed.category, placed.story, placed.story, placed.published, posts.source
    FROM placed JOIN stories ON stories.id = placed.story JOIN posts ON posts.post = stories.lead
    """,
    "DROP TABLE placed",
    "CREATE INDEX ix_placements_story ON placements (story)",
    "CREATE INDEX placements_newest ON placements (category, published DESC, shown)",
)


def upgrade() -> None:
    """Add tables and a column, and make anew where stories are shown. Stored posts get no bands."""
    for statement in STATEMENTS:
        op.execute(statement)
