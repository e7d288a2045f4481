"""Shell. Archives: which posts are in which, and which are to be rendered. Nothing is cut yet."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE scopes ADD COLUMN cut TEXT",
    "ALTER TABLE placements ADD COLUMN held BOOLEAN DEFAULT '0' NOT NULL",
    "ALTER TABLE placements ADD COLUMN number INTEGER",
    "CREATE INDEX placements_uncut ON placements (category, published DESC, shown) WHERE number IS NULL",
    """
    CREATE TABLE archives (
        category TEXT NOT NULL,
        number INTEGER NOT NULL,
        closed BIGINT NOT NULL,
        mark INTEGER NOT NULL,
        settled INTEGER NOT NULL,
        updated BIGINT,
        dropped BOOLEAN NOT NULL,
        PRIMARY KEY (category, number)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX archives_unsettled ON archives (category, number) WHERE mark > settled",
    """
    CREATE TABLE archived (
        category TEXT NOT NULL,
        shown TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (category, shown)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX archived_together ON archived (category, number)",
    "CREATE INDEX ix_archived_shown ON archived (shown)",
    # What a `backlog` has kept out of a category had no place there, and is to be archived. Where near
    # duplicates are kept, a telling is dated like its first post until it is placed again.
    """
    INSERT INTO placements (category, shown, story, published, source, held)
    SELECT told.category, told.shown, told.story, lead.published, lead.source, 1
    FROM (
        SELECT DISTINCT held_back.scope AS category, posts.story,
            CASE WHEN categories.keeps THEN coalesce(tellings.telling, posts.post) ELSE posts.story END
            AS shown
        FROM held_back
        JOIN posts ON posts.id = held_back.post
        JOIN sources ON sources.id = posts.source
        JOIN categories ON categories.slug = held_back.scope
        JOIN post_categories
            ON post_categories.post = posts.id AND post_categories.category = held_back.scope
        LEFT JOIN tellings ON tellings.post = posts.id
        WHERE posts.dropped = '' AND NOT posts.purged AND sources.active
    ) AS told
    JOIN stories ON stories.id = told.story
    JOIN posts AS lead ON lead.post = CASE WHEN told.shown = told.story THEN stories.lead ELSE told.shown END
    WHERE NOT EXISTS (
        SELECT 1 FROM placements
        WHERE placements.category = told.category AND placements.shown = told.shown
    )
    """,
)


def upgrade() -> None:
    """Add tables, columns and indices, and the places of what is held back."""
    for statement in STATEMENTS:
        op.execute(statement)
