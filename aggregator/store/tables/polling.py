"""Shell. The tables of loop one: sources with their memory, errands, hosts, what robots may do; and facts."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Mark, Moment, Row, Span, Text, metadata, partial_index

facts = sa.Table(
    "facts",  # what the store knows of itself: its identity, and which settings documents were made with
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("url", Text, nullable=False, unique=True),
    sa.Column("first_url", Text, nullable=False),  # before any `was`: its posts' keys are made with it
    sa.Column("host", Text, nullable=False),  # that is asked: of the URL, or of the one it has moved to
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),  # False: out of the file; kept, for its return
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),  # memory.gone
    sa.Column("definition", Text, nullable=False),  # Source.definition
    sa.Column("asked", Text, nullable=False),  # digest of what decides how it is polled
    sa.Column("floor", Span, nullable=False),  # never polled more often by ourselves
    sa.Column("started", Moment),  # when its last lease began
    sa.Column("next_due", Moment, nullable=False),
    sa.Column("due_why", Text, nullable=False),  # JSON list of texts
    sa.Column("not_before", Moment),  # memory.not_before
    sa.Column("token", Mark, nullable=False),  # of its last lease; only grows
    sa.Column("leased_at", Moment),  # NULL: not leased
    sa.Column("memory", Text, nullable=False),  # model.Memory as JSON
    sa.Column("unread", Text, nullable=False),  # JSON list of the last body's UnreadEntry
    sa.Column("added", Moment, nullable=False),
    sa.Column("retry_after", Moment),  # memory.retry_after
    sa.Column("skip_hours", sa.Integer, nullable=False, server_default="0"),  # bit n: not in that hour, UTC
    sa.Column("skip_days", sa.Integer, nullable=False, server_default="0"),  # bit 0 is Monday
    # Nor is it polled more often than this, which its memory asks for (`schedule.rest`).
    sa.Column("rest", Span, nullable=False, server_default="0"),
    sa.Column("insist", sa.Boolean, nullable=False, server_default="0"),  # Source.insist
    sa.Column("via", Text, nullable=False, server_default=""),  # another host that answers in the end
    sa.Column("taken", Moment),  # all of it was taken down then, for good
)

items = sa.Table(
    "items",  # what is known of the items of a source's last document; beside its row, which each poll writes
    metadata,
    sa.Column("source", sa.ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    sa.Column("known", Text, nullable=False),  # model.Items as JSON
)
# One expression, used in queries letter for letter: SQLite takes a partial index only then.
LEASABLE = sa.and_(
    sources.c.active.is_(True),
    sources.c.paused.is_(False),
    sources.c.gone.is_(False),
    sources.c.leased_at.is_(None),
)
partial_index("sources_due", sources.c.next_due, sources.c.position, where=LEASABLE)
LEASED = sources.c.leased_at.is_not(None)
partial_index("sources_leased", sources.c.host, sources.c.via, where=LEASED)

errands = sa.Table(
    "errands",  # exchanges for a source that are no polls of it: those that wait, and those of late
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("kind", Text, nullable=False),  # ErrandKind
    sa.Column("url", Text, nullable=False),
    sa.Column("host", Text, nullable=False),  # of its URL
    sa.Column("due", Moment, nullable=False),
    sa.Column("since", Moment),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_at", Moment),  # NULL: not leased
    sa.Column("token", Mark, nullable=False),  # of its last lease; only grows
    sa.Column("result", Text, nullable=False),  # of its last exchange, for people
    sa.Column("ended", Moment),  # NULL: it is to be run
    sa.Column("post", Text),  # posts.post of an article; NULL: of another kind
    sa.UniqueConstraint("source", "kind", "url"),
)
# These too are used letter for letter.
ERRAND_WAITS = sa.and_(errands.c.ended.is_(None), errands.c.leased_at.is_(None))
partial_index("errands_due", errands.c.due, where=ERRAND_WAITS)
ERRAND_LEASED = errands.c.leased_at.is_not(None)
partial_index("errands_leased", errands.c.host, where=ERRAND_LEASED)

hosts = sa.Table(
    "hosts",  # only those that must wait; slots in use are counted from the leases, so they cannot drift
    metadata,
    sa.Column("host", Text, primary_key=True),
    sa.Column("free_at", Moment, nullable=False),  # the end of per_host_gap after the last exchange
    sa.Column("paused_until", Moment, nullable=False),  # its own word (429, 503)
)

robots = sa.Table(
    "robots",  # what sites let robots fetch, of those whose articles are
    metadata,
    sa.Column("site", Text, primary_key=True),  # Robots.site
    sa.Column("until", Moment, nullable=False),
    sa.Column("rules", Text, nullable=False),  # JSON list of Robots.rules
    sa.Column("trouble", Text, nullable=False),
    sqlite_with_rowid=False,
)
