"""Shell. The tables of our WebSub hub (topics and what they held, intents, subscriptions); what we follow."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Mark, Moment, Row, Span, Text, metadata

hub_topics = sa.Table(
    "hub_topics",  # documents that somebody is to hear of
    metadata,
    sa.Column("path", Text, primary_key=True),
    sa.Column("etag", Text, nullable=False),  # of the document that `version` stands for
    sa.Column("version", Mark, nullable=False),  # raised when it is another one
    sa.Column("pinged", Mark),  # the version that another hub was told of; NULL: none is to be told
    sa.Column("ping_due", Moment, nullable=False),
    sa.Column("ping_failures", sa.Integer, nullable=False),  # in a row
)

hub_versions = sa.Table(
    "hub_versions",  # what topics held: as they are, and as some subscriber had them last
    metadata,
    sa.Column("path", Text, primary_key=True),
    sa.Column("version", Mark, primary_key=True),
    sa.Column("held", Text, nullable=False),  # JSON: digests by id
)

hub_intents = sa.Table(
    "hub_intents",  # requests that no callback has confirmed yet
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("callback", Text, nullable=False),
    sa.Column("path", Text, nullable=False),
    sa.Column("host", Text, nullable=False),
    sa.Column("mode", Text, nullable=False),  # Mode
    sa.Column("lease", Span, nullable=False),
    sa.Column("secret", Text, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.UniqueConstraint("callback", "path"),
)

hub_subscriptions = sa.Table(
    "hub_subscriptions",
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("callback", Text, nullable=False),
    sa.Column("path", Text, nullable=False),
    sa.Column("host", Text, nullable=False, index=True),
    sa.Column("secret", Text, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    sa.Column("seen", Mark, nullable=False),  # the version that needs no delivery any more
    sa.Column("delivered", Mark),  # the version that was sent last; NULL: none yet
    sa.Column("due", Moment, nullable=False),  # not before, whatever is new
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.UniqueConstraint("callback", "path"),
    sa.Index("hub_subscriptions_of", "path", "seen", "due"),
)

followings = sa.Table(
    "followings",  # sources whose hub is to push, or is not to any more
    metadata,
    sa.Column("source", Text, primary_key=True),  # its URL
    sa.Column("hub", Text, nullable=False),
    sa.Column("topic", Text, nullable=False),
    sa.Column("token", Text, nullable=False, unique=True),
    sa.Column("secret", Text, nullable=False),
    sa.Column("mode", Text, nullable=False),  # Mode
    sa.Column("due", Moment, nullable=False),  # when the hub is asked next
    sa.Column("expires", Moment),  # NULL: never confirmed
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Index("followings_due", "due"),
)
