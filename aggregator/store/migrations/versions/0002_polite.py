"""Shell. What polite polling needs: both words of a server, excluded hours, the host that answers, errands."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE sources ADD COLUMN retry_after BIGINT",
    "ALTER TABLE sources ADD COLUMN skip_hours INTEGER DEFAULT '0' NOT NULL",
    "ALTER TABLE sources ADD COLUMN skip_days INTEGER DEFAULT '0' NOT NULL",
    "ALTER TABLE sources ADD COLUMN rest BIGINT DEFAULT '0' NOT NULL",
    "ALTER TABLE sources ADD COLUMN insist BOOLEAN DEFAULT '0' NOT NULL",
    "ALTER TABLE sources ADD COLUMN via TEXT DEFAULT '' NOT NULL",
    "DROP INDEX sources_leased",
    "CREATE INDEX sources_leased ON sources (host, via) WHERE leased_at IS NOT NULL",
    """
    CREATE TABLE errands (
        id INTEGER NOT NULL,
        source INTEGER NOT NULL,
        kind TEXT NOT NULL,
        url TEXT NOT NULL,
        host TEXT NOT NULL,
        due BIGINT NOT NULL,
        since BIGINT,
        pages INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        leased_at BIGINT,
        token INTEGER NOT NULL,
        result TEXT NOT NULL,
        ended BIGINT,
        PRIMARY KEY (id),
        UNIQUE (source, kind, url),
        FOREIGN KEY(source) REFERENCES sources (id)
    )
    """,
    "CREATE INDEX errands_due ON errands (due) WHERE ended IS NULL AND leased_at IS NULL",
    "CREATE INDEX errands_leased ON errands (host) WHERE leased_at IS NOT NULL",
)


def upgrade() -> None:
    """Add columns and a table, and carry over what memories say in another way from now on."""
    for statement in STATEMENTS:
        op.execute(statement)
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, host, not_before, memory FROM sources")).all()
    for row in rows:
        memory = json.loads(row.memory)
        hints = memory.get("hints") or {}
        hours, days = set(hints.get("skip_hours", ())), set(hints.get("skip_days", ()))
        if len(hours) >= 24 or len(days) >= 7:
            hours = days = set()
        answered_by = memory.get("validators_from") or ""
        via = (urlsplit(answered_by).hostname or "").lower()
        failed = bool(memory.get("failures"))
        memory |= {
            "score": {name: memory.pop(name, 0) for name in ("requests", "unconditional", "early")},
            "answered_by": answered_by,
            # Nobody knows any more; the check for a server that says nothing but 304 counts from here.
            "whole": memory.get("last_success"),
            # One word was kept for both; of a failure it may well be a Retry-After, which binds everybody.
            "retry_after": memory.get("not_before") if failed else None,
        }
        connection.execute(
            sa.text(
                "UPDATE sources SET memory = :memory, retry_after = :retry_after, via = :via, "
                "skip_hours = :hours, skip_days = :days WHERE id = :id"
            ),
            {
                "id": row.id,
                "memory": json.dumps(memory, ensure_ascii=False),
                "retry_after": row.not_before if failed else None,
                "via": via if via != row.host and row.host else "",
                "hours": sum(1 << hour for hour in hours),
                "days": sum(1 << day for day in days),
            },
        )
