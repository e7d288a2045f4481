"""Shell. What our WebSub hub remembers: topics, what they held, intents, subscriptions; what we follow."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    """
    CREATE TABLE hub_topics (
        path TEXT NOT NULL,
        etag TEXT NOT NULL,
        version INTEGER NOT NULL,
        pinged INTEGER,
        ping_due BIGINT NOT NULL,
        ping_failures INTEGER NOT NULL,
        PRIMARY KEY (path)
    )
    """,
    """
    CREATE TABLE hub_versions (
        path TEXT NOT NULL,
        version INTEGER NOT NULL,
        held TEXT NOT NULL,
        PRIMARY KEY (path, version)
    )
    """,
    """
    CREATE TABLE hub_intents (
        id INTEGER NOT NULL,
        callback TEXT NOT NULL,
        path TEXT NOT NULL,
        host TEXT NOT NULL,
        mode TEXT NOT NULL,
        lease BIGINT NOT NULL,
        secret TEXT NOT NULL,
        due BIGINT NOT NULL,
        attempts INTEGER NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (callback, path)
    )
    """,
    """
    CREATE TABLE hub_subscriptions (
        id INTEGER NOT NULL,
        callback TEXT NOT NULL,
        path TEXT NOT NULL,
        host TEXT NOT NULL,
        secret TEXT NOT NULL,
        expires BIGINT NOT NULL,
        seen INTEGER NOT NULL,
        delivered INTEGER,
        due BIGINT NOT NULL,
        failures INTEGER NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (callback, path)
    )
    """,
    """
    CREATE TABLE followings (
        source TEXT NOT NULL,
        hub TEXT NOT NULL,
        topic TEXT NOT NULL,
        token TEXT NOT NULL,
        secret TEXT NOT NULL,
        mode TEXT NOT NULL,
        due BIGINT NOT NULL,
        expires BIGINT,
        failures INTEGER NOT NULL,
        PRIMARY KEY (source),
        UNIQUE (token)
    )
    """,
    "CREATE INDEX followings_due ON followings (due)",
    "CREATE INDEX ix_hub_subscriptions_host ON hub_subscriptions (host)",
    "CREATE INDEX hub_subscriptions_of ON hub_subscriptions (path, seen, due)",
)


def upgrade() -> None:
    """Add tables. Nobody is subscribed yet."""
    for statement in STATEMENTS:
        op.execute(statement)
