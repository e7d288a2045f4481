"""Shell. The tables that stay empty on a SQLite file: what several processes on one database share."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Moment, Text, metadata

contents = sa.Table(
    "contents",  # the documents themselves, from which processes that serve fill their output directories
    metadata,
    sa.Column("path", Text, primary_key=True),
    # From one counter for all: who has seen one has seen all below it.
    sa.Column("version", sa.BigInteger, nullable=False, unique=True),
    sa.Column("digest", Text, nullable=False),  # of its bytes, also after it was removed
    sa.Column("modified", Moment, nullable=False),  # when they last changed
    sa.Column("body", sa.LargeBinary),  # NULL: removed
    sa.Column("packed", sa.LargeBinary),  # gzip
)

duties = sa.Table(
    "duties",  # what one process at a time does
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("holder", Text, nullable=False),  # a random text of its process
    sa.Column("until", Moment, nullable=False),  # from then on anybody may take it
)
