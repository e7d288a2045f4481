"""Shell. The tables, as SQLAlchemy Core sees them; `migrations` make them step by step.

Times are integer microseconds UTC, so that every database orders them alike. What only travels whole (a
source's memory, a post's authors) is one JSON text; what is searched, joined or compared is a column.
Nothing here runs a statement.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

HEAD = "0003"
"""The newest migration. A database that says more was written by a newer version of us."""

SITE = ""
"""The scope of everything, where slugs stand (a slug is never empty)."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970 UTC, exact in both directions."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone reached the store")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Span(sa.TypeDecorator[timedelta]):
    """A timedelta as microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


AnyRow: TypeAlias = sa.Row[*tuple[Any, ...]]
"""A row of a result, whatever its columns."""

# SQLite counts rows by itself only for INTEGER PRIMARY KEY.
Row = sa.BigInteger().with_variant(sa.Integer, "sqlite")

metadata = sa.MetaData()

facts = sa.Table(
    "facts",  # what the store knows of itself: its identity, and which settings documents were made with
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("first_url", sa.Text, nullable=False),  # before any `was`: its posts' keys are made with it
    sa.Column("host", sa.Text, nullable=False),  # that is asked: of the URL, or of the one it has moved to
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),  # False: out of the file; kept, for its return
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),  # memory.gone
    sa.Column("definition", sa.Text, nullable=False),  # Source.definition
    sa.Column("asked", sa.Text, nullable=False),  # digest of what decides how it is polled
    sa.Column("floor", Span, nullable=False),  # never polled more often by ourselves
    sa.Column("started", Moment),  # when its last lease began
    sa.Column("next_due", Moment, nullable=False),
    sa.Column("due_why", sa.Text, nullable=False),  # JSON list of texts
    sa.Column("not_before", Moment),  # memory.not_before
    sa.Column("token", sa.Integer, nullable=False),  # of its last lease; only grows
    sa.Column("leased_at", Moment),  # NULL: not leased
    sa.Column("memory", sa.Text, nullable=False),  # model.Memory as JSON
    sa.Column("unread", sa.Text, nullable=False),  # JSON list of the last body's UnreadEntry
    sa.Column("added", Moment, nullable=False),
    sa.Column("retry_after", Moment),  # memory.retry_after
    sa.Column("skip_hours", sa.Integer, nullable=False, server_default="0"),  # bit n: not in that hour, UTC
    sa.Column("skip_days", sa.Integer, nullable=False, server_default="0"),  # bit 0 is Monday
    # Nor is it polled more often than this, which its memory asks for (`schedule.rest`).
    sa.Column("rest", Span, nullable=False, server_default="0"),
    sa.Column("insist", sa.Boolean, nullable=False, server_default="0"),  # Source.insist
    sa.Column("via", sa.Text, nullable=False, server_default=""),  # another host that answers in the end
)
# One expression, used in queries letter for letter: SQLite takes a partial index only then.
LEASABLE = sa.and_(
    sources.c.active.is_(True),
    sources.c.paused.is_(False),
    sources.c.gone.is_(False),
    sources.c.leased_at.is_(None),
)
sa.Index("sources_due", sources.c.next_due, sources.c.position, sqlite_where=LEASABLE)
LEASED = sources.c.leased_at.is_not(None)
sa.Index("sources_leased", sources.c.host, sources.c.via, sqlite_where=LEASED)

errands = sa.Table(
    "errands",  # exchanges for a source that are no polls of it: those that wait, and those of late
    metadata,
    sa.Column("id", Row, primary_key=True),
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # ErrandKind
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),  # of its URL
    sa.Column("due", Moment, nullable=False),
    sa.Column("since", Moment),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("leased_at", Moment),  # NULL: not leased
    sa.Column("token", sa.Integer, nullable=False),  # of its last lease; only grows
    sa.Column("result", sa.Text, nullable=False),  # of its last exchange, for people
    sa.Column("ended", Moment),  # NULL: it is to be run
    sa.UniqueConstraint("source", "kind", "url"),
)
# These too are used letter for letter.
ERRAND_WAITS = sa.and_(errands.c.ended.is_(None), errands.c.leased_at.is_(None))
sa.Index("errands_due", errands.c.due, sqlite_where=ERRAND_WAITS)
ERRAND_LEASED = errands.c.leased_at.is_not(None)
sa.Index("errands_leased", errands.c.host, sqlite_where=ERRAND_LEASED)

hosts = sa.Table(
    "hosts",  # only those that must wait; slots in use are counted from the leases, so they cannot drift
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("free_at", Moment, nullable=False),  # the end of per_host_gap after the last exchange
    sa.Column("paused_until", Moment, nullable=False),  # its own word (429, 503)
)

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("slug", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, nullable=False, index=True),
    sa.Column("templated_by", sa.Text, index=True),  # URL of the source whose template made it
    sa.Column("configured", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # in the file, or when it left it
    sa.Column("asked", sa.Text, nullable=False),  # digest of the file's words; "": not in the file
    sa.Column("created", Moment, nullable=False),
    sa.Column("keeps", sa.Boolean, nullable=False, server_default="0"),  # near_duplicates: keep
)

stories = sa.Table(
    "stories",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of the post that founded it; never changes
    sa.Column("lead", sa.Text),  # posts.post of its primary; NULL: no member is visible
    sa.Column("published", Moment),  # of its primary
    sa.Column("mark", sa.Integer, nullable=False, server_default="0"),  # raised when it is placed
    sa.Column("written", sa.Integer, nullable=False, server_default="0"),  # the mark of its Jekyll file
)
# One expression, used in queries letter for letter: SQLite takes a partial index only then.
UNWRITTEN = stories.c.mark > stories.c.written
sa.Index("stories_unwritten", stories.c.id, sqlite_where=UNWRITTEN)

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", Row, primary_key=True),  # order of arrival
    sa.Column("post", sa.Text, nullable=False, unique=True),  # PostId
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("story", sa.ForeignKey("stories.id"), nullable=False, index=True),
    sa.Column("dropped", sa.Text, nullable=False),
    sa.Column("published", Moment, nullable=False),
    sa.Column("updated", Moment, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    sa.Column("claims_updated", Moment),
    sa.Column("dated", sa.Text, nullable=False),
    sa.Column("guid", sa.Text, nullable=False),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("link_key", sa.Text),
    sa.Column("names_entry", sa.Boolean, nullable=False),
    sa.Column("standing", sa.Integer, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("text_digest", sa.Text, nullable=False),
    sa.Column("label_digest", sa.Text, nullable=False),
    sa.Column("republish", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),  # of its source, that it was last classified under
    sa.Column("purged", sa.Boolean, nullable=False),  # older than `output.keep`: no content, never shown
    sa.Column("title", sa.Text, nullable=False),
    # The long ones last: SQLite walks a row from the left, over its overflow pages.
    sa.Column("details", sa.Text, nullable=False),  # posts.Details as JSON
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Index("posts_of_source", "source", "dropped"),
)
KEPT = posts.c.purged.is_(False)
sa.Index(
    "posts_classified", posts.c.source, posts.c.definition, posts.c.published, sqlite_where=KEPT
)  # what an edit outdates
sa.Index("posts_seen", posts.c.first_seen, sqlite_where=KEPT)  # what retention looks at

post_categories = sa.Table(
    "post_categories",
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("category", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

post_keys = sa.Table(
    "post_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

tellings = sa.Table(
    "tellings",  # how posts came into a story that another one has founded; founders have no row
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("telling", sa.Text, nullable=False),  # posts.post of the first of the story in these words
    sa.Column("joined", sa.Text, nullable=False),  # JoinedBy
    sa.Column("similarity", sa.Float, nullable=False),  # to the founder then, 0 to 1
)

bands = sa.Table(
    "bands",  # by which posts are found that tell the same in other words: of founders of late
    metadata,
    sa.Column("band", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

withdrawn_keys = sa.Table(
    "withdrawn_keys",  # link keys that turned out not to name one entry of their source
    metadata,
    sa.Column("source", sa.ForeignKey("sources.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

placements = sa.Table(
    "placements",  # where stories with a visible member are shown, SITE included: `newest` walks the index
    metadata,
    sa.Column("category", sa.Text, primary_key=True),
    sa.Column("shown", sa.Text, primary_key=True),  # PostId: the story's, or of a telling that is kept apart
    sa.Column("story", sa.ForeignKey("stories.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("published", Moment, nullable=False),  # of the post that leads what is shown
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),  # of that post
    sqlite_with_rowid=False,
)
sa.Index("placements_newest", placements.c.category, placements.c.published.desc(), placements.c.shown)

held_back = sa.Table(
    "held_back",  # posts of a first poll that stay out of a scope, SITE included: the `backlog` of a source
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

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
