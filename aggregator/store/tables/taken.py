"""Shell. The tables of what was taken down for good, and of what its own source has deleted."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Moment, Text, metadata

ended = sa.Table(
    "ended",  # output ids that are used no more; a story of such an id is shown nowhere, whoever joins it
    metadata,
    sa.Column("id", Text, primary_key=True),  # PostId
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", Text, nullable=False),  # `post`; `source`: copies of other sources stay, and come
    sa.Column("reason", Text, nullable=False),  # who wanted it, for people
    sa.Column("slug", Text, nullable=False),  # of the post that had the id: its page is named after it
    sa.Column("published", Moment, nullable=False),  # of the same
    sqlite_with_rowid=False,
)

tombstones = sa.Table(
    "tombstones",  # what subscription documents say of entries that have gone, until they have said it enough
    metadata,
    sa.Column("scope", Text, primary_key=True),  # slug, or SITE
    sa.Column("id", Text, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sqlite_with_rowid=False,
)

retracted = sa.Table(
    "retracted",  # posts that their own source says it has deleted (RFC 6721)
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("at", Moment, nullable=False),  # when it was deleted: what is later than that is a new entry
    sa.Column("since", Moment, nullable=False),  # when we heard of it, so that it was hidden
    sa.Column("comment", Text, nullable=False),  # the source's own words, or ""
    sa.Column("back", sa.Boolean, nullable=False),  # a later entry has come: shown again
)

taken_bands = sa.Table(
    "taken_bands",  # of posts that were taken down: other than `bands`, for ever
    metadata,
    sa.Column("band", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

gone = sa.Table(
    "gone",  # paths of pages of what was taken down: 410, whatever the configuration says of pages
    metadata,
    sa.Column("path", Text, primary_key=True),
    sqlite_with_rowid=False,
)
