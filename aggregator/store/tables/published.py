"""Shell. The tables of loop two: scopes that wait to be rendered, documents and files that are ours."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Moment, metadata

scopes = sa.Table(
    "scopes",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),  # slug, or SITE
    sa.Column("mark", sa.Integer, nullable=False),  # from one counter for all; above `settled`: dirty
    sa.Column("settled", sa.Integer, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("updated", Moment),  # of its documents; never goes back; NULL: never rendered
    sa.Column("asked", Moment),  # when it was claimed last
    sa.Column("opened", Moment),  # when it was claimed for its first publish; NULL: never settled
    sa.Column("token", sa.Integer, nullable=False),  # of its last claim; only grows
    sa.Column("claimed", sa.Boolean, nullable=False),
)

documents = sa.Table(
    "documents",  # the files that are ours to overwrite
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("root", sa.Text, primary_key=True),  # the output directory, links resolved
    sa.Column("digest", sa.Text, nullable=False),  # of its bytes; "" until the first write is done
    sa.Column("modified", Moment),  # when they last changed
)

post_files = sa.Table(
    "post_files",  # the files of a Jekyll site that are ours; they outlive their posts, as their names do
    metadata,
    sa.Column("root", sa.Text, primary_key=True),  # the directory, links resolved
    sa.Column("name", sa.Text, primary_key=True, index=True),
    sa.Column("story", sa.Text, nullable=False, index=True),
    sa.Column("digest", sa.Text, nullable=False),  # of its bytes; "": it is not there
    sa.Column("coming", sa.Text, nullable=False),  # of what was about to be written last
    sa.UniqueConstraint("root", "story"),
)
