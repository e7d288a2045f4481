"""Shell. The tables of loop two: scopes that wait to be rendered, archives, documents and files of ours."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Mark, Moment, Text, metadata, partial_index

scopes = sa.Table(
    "scopes",
    metadata,
    sa.Column("scope", Text, primary_key=True),  # slug, or SITE
    sa.Column("mark", Mark, nullable=False),  # from one counter for all; above `settled`: dirty
    sa.Column("settled", Mark, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("updated", Moment),  # of its documents; never goes back; NULL: never rendered
    sa.Column("asked", Moment),  # when it was claimed last
    sa.Column("opened", Moment),  # when it was claimed for its first publish; NULL: never settled
    sa.Column("token", Mark, nullable=False),  # of its last claim; only grows
    sa.Column("claimed", sa.Boolean, nullable=False),
    sa.Column("cut", Text),  # the day on which its archives were cut last; NULL: never
)

archives = sa.Table(
    "archives",  # of categories; a number is given once, also where retention has dropped the archive
    metadata,
    sa.Column("category", Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("closed", Moment, nullable=False),
    sa.Column("mark", Mark, nullable=False),  # above `settled`: its document is to be rendered
    sa.Column("settled", Mark, nullable=False),  # 0: it has had no document yet
    sa.Column("updated", Moment),  # of its document; never goes back
    sa.Column("dropped", sa.Boolean, nullable=False),  # by retention
    sqlite_with_rowid=False,
)
# One expression, used in queries letter for letter: SQLite takes a partial index only then.
UNSETTLED = archives.c.mark > archives.c.settled
partial_index("archives_unsettled", archives.c.category, archives.c.number, where=UNSETTLED)

archived = sa.Table(
    "archived",  # which archive of a category a post was put into: for good, whatever becomes of it
    metadata,
    sa.Column("category", Text, primary_key=True),
    sa.Column("shown", Text, primary_key=True, index=True),  # PostId: as in `placements`
    sa.Column("number", sa.Integer, nullable=False),
    sa.Index("archived_together", "category", "number"),
    sqlite_with_rowid=False,
)

documents = sa.Table(
    "documents",  # the files that are ours to overwrite
    metadata,
    sa.Column("path", Text, primary_key=True),
    sa.Column("root", Text, primary_key=True),  # the output directory, links resolved
    sa.Column("digest", Text, nullable=False),  # of its bytes; "" until the first write is done
    sa.Column("modified", Moment),  # when they last changed
)

post_files = sa.Table(
    "post_files",  # the files of a Jekyll site that are ours; they outlive their posts, as their names do
    metadata,
    sa.Column("root", Text, primary_key=True),  # the directory, links resolved
    sa.Column("name", Text, primary_key=True, index=True),
    sa.Column("story", Text, nullable=False, index=True),
    sa.Column("digest", Text, nullable=False),  # of its bytes; "": it is not there
    sa.Column("coming", Text, nullable=False),  # of what was about to be written last
    sa.UniqueConstraint("root", "story"),
)

adopted_files = sa.Table(
    "adopted_files",  # files of a Jekyll site that were there before us, by what posts of theirs are known by
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("file", Text, nullable=False),  # its path then, for people
    sqlite_with_rowid=False,
)
