"""Shell. The tables of what operators see over time: the last exchanges of each source, and what happened."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Moment, Row, Span, Text, metadata

exchanges = sa.Table(
    "exchanges",  # a ring for each source: a poll overwrites the one `KEPT` polls ago
    metadata,
    sa.Column("source", sa.ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),  # token of the lease, modulo `KEPT`
    sa.Column("at", Moment, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("took", Span, nullable=False),
    sa.Column("said", Text, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("name", Text, nullable=False),  # Event.id
    sa.Column("source", sa.ForeignKey("sources.id", ondelete="CASCADE"), index=True),  # NULL: of the file
    sa.Column("kind", Text, nullable=False),  # EventKind
    sa.Column("at", Moment, nullable=False),
    sa.Column("result", Text, nullable=False),
    sa.Column("detail", Text, nullable=False),
)
