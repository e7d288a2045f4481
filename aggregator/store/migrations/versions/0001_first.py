"""Shell. The first schema.

Written out, not taken from `tables`, so that it stays what it was when `tables` moves on.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE categories (
        slug TEXT NOT NULL,
        title TEXT NOT NULL,
        folded TEXT NOT NULL,
        templated_by TEXT,
        configured BOOLEAN NOT NULL,
        position INTEGER NOT NULL,
        asked TEXT NOT NULL,
        created BIGINT NOT NULL,
        PRIMARY KEY (slug)
    )
    """,
    """
    CREATE INDEX ix_categories_folded ON categories (folded)
    """,
    """
    CREATE INDEX ix_categories_templated_by ON categories (templated_by)
    """,
    """
    CREATE TABLE documents (
        path TEXT NOT NULL,
        root TEXT NOT NULL,
        digest TEXT NOT NULL,
        modified BIGINT,
        PRIMARY KEY (path, root)
    )
    """,
    """
    CREATE TABLE facts (
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE hosts (
        host TEXT NOT NULL,
        free_at BIGINT NOT NULL,
        paused_until BIGINT NOT NULL,
        PRIMARY KEY (host)
    )
    """,
    """
    CREATE TABLE post_files (
        root TEXT NOT NULL,
        name TEXT NOT NULL,
        story TEXT NOT NULL,
        digest TEXT NOT NULL,
        coming TEXT NOT NULL,
        PRIMARY KEY (root, name),
        UNIQUE (root, story)
    )
    """,
    """
    CREATE INDEX ix_post_files_name ON post_files (name)
    """,
    """
    CREATE INDEX ix_post_files_story ON post_files (story)
    """,
    """
    CREATE TABLE scopes (
        scope TEXT NOT NULL,
        mark INTEGER NOT NULL,
        settled INTEGER NOT NULL,
        created BIGINT NOT NULL,
        updated BIGINT,
        asked BIGINT,
        opened BIGINT,
        token INTEGER NOT NULL,
        claimed BOOLEAN NOT NULL,
        PRIMARY KEY (scope)
    )
    """,
    """
    CREATE TABLE sources (
        id INTEGER NOT NULL,
        url TEXT NOT NULL,
        first_url TEXT NOT NULL,
        host TEXT NOT NULL,
        position INTEGER NOT NULL,
        active BOOLEAN NOT NULL,
        paused BOOLEAN NOT NULL,
        gone BOOLEAN NOT NULL,
        definition TEXT NOT NULL,
        asked TEXT NOT NULL,
        floor BIGINT NOT NULL,
        started BIGINT,
        next_due BIGINT NOT NULL,
        due_why TEXT NOT NULL,
        not_before BIGINT,
        token INTEGER NOT NULL,
        leased_at BIGINT,
        memory TEXT NOT NULL,
        unread TEXT NOT NULL,
        added BIGINT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (url)
    )
    """,
    """
    CREATE INDEX sources_due ON sources (next_due, position) WHERE active IS 1 AND paused IS 0 AND gone IS 0 AND leased_at IS NULL
    """,
    """
    CREATE INDEX sources_leased ON sources (host) WHERE leased_at IS NOT NULL
    """,
    """
    CREATE TABLE stories (
        id TEXT NOT NULL,
        lead TEXT,
        published BIGINT,
        mark INTEGER DEFAULT '0' NOT NULL,
        written INTEGER DEFAULT '0' NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX stories_unwritten ON stories (id) WHERE mark > written
    """,
    """
    CREATE TABLE placements (
        category TEXT NOT NULL,
        story TEXT NOT NULL,
        published BIGINT NOT NULL,
        PRIMARY KEY (category, story),
        FOREIGN KEY(story) REFERENCES stories (id) ON DELETE CASCADE
    )
     WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_placements_story ON placements (story)
    """,
    """
    CREATE INDEX placements_newest ON placements (category, published DESC, story)
    """,
    """
    CREATE TABLE posts (
        id INTEGER NOT NULL,
        post TEXT NOT NULL,
        source INTEGER NOT NULL,
        story TEXT NOT NULL,
        dropped TEXT NOT NULL,
        published BIGINT NOT NULL,
        updated BIGINT NOT NULL,
        first_seen BIGINT NOT NULL,
        claims_updated BIGINT,
        dated TEXT NOT NULL,
        guid TEXT NOT NULL,
        slug TEXT NOT NULL,
        link TEXT NOT NULL,
        link_key TEXT,
        names_entry BOOLEAN NOT NULL,
        standing INTEGER NOT NULL,
        digest TEXT NOT NULL,
        text_digest TEXT NOT NULL,
        label_digest TEXT NOT NULL,
        republish TEXT NOT NULL,
        language TEXT NOT NULL,
        position INTEGER NOT NULL,
        definition TEXT NOT NULL,
        purged BOOLEAN NOT NULL,
        title TEXT NOT NULL,
        details TEXT NOT NULL,
        summary TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (post),
        FOREIGN KEY(source) REFERENCES sources (id),
        FOREIGN KEY(story) REFERENCES stories (id)
    )
    """,
    """
    CREATE INDEX ix_posts_story ON posts (story)
    """,
    """
    CREATE INDEX posts_of_source ON posts (source, dropped)
    """,
    """
    CREATE INDEX posts_classified ON posts (source, definition, published) WHERE purged IS 0
    """,
    """
    CREATE INDEX posts_seen ON posts (first_seen) WHERE purged IS 0
    """,
    """
    CREATE TABLE withdrawn_keys (
        source INTEGER NOT NULL,
        "key" TEXT NOT NULL,
        PRIMARY KEY (source, "key"),
        FOREIGN KEY(source) REFERENCES sources (id)
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE post_categories (
        post INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        category TEXT NOT NULL,
        PRIMARY KEY (post, rank),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE held_back (
        post INTEGER NOT NULL,
        scope TEXT NOT NULL,
        PRIMARY KEY (post, scope),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE post_keys (
        "key" TEXT NOT NULL,
        post INTEGER NOT NULL,
        PRIMARY KEY ("key", post),
        FOREIGN KEY(post) REFERENCES posts (id) ON DELETE CASCADE
    )
     WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_post_keys_post ON post_keys (post)
    """,
)


def upgrade() -> None:
    """Make every table of the first version; the identity is minted by whoever opens the store."""
    for statement in STATEMENTS:
        op.execute(statement)

