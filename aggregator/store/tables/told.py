"""Shell. The tables where the loops meet: categories, stories, posts and by what they are found."""

from __future__ import annotations

import sqlalchemy as sa

from aggregator.store.tables.columns import Mark, Moment, Row, Text, metadata, partial_index

categories = sa.Table(
    "categories",
    metadata,
    sa.Column("slug", Text, primary_key=True),
    sa.Column("title", Text, nullable=False),
    sa.Column("folded", Text, nullable=False, index=True),
    sa.Column("templated_by", Text, index=True),  # URL of the source whose template made it
    sa.Column("configured", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # in the file, or when it left it
    sa.Column("asked", Text, nullable=False),  # digest of the file's words; "": not in the file
    sa.Column("created", Moment, nullable=False),
    sa.Column("keeps", sa.Boolean, nullable=False, server_default="0"),  # near_duplicates: keep
)

stories = sa.Table(
    "stories",
    metadata,
    sa.Column("id", Text, primary_key=True),  # of the post that founded it; never changes
    sa.Column("lead", Text),  # posts.post of its primary; NULL: no member is visible
    sa.Column("published", Moment),  # of its primary
    sa.Column("mark", Mark, nullable=False, server_default="0"),  # raised when it is placed
    sa.Column("written", Mark, nullable=False, server_default="0"),  # the mark of its Jekyll file
    sa.Column("paged", Mark, nullable=False, server_default="-1"),  # the mark of its page
)
# One expression, used in queries letter for letter: SQLite takes a partial index only then.
UNWRITTEN = stories.c.mark > stories.c.written
partial_index("stories_unwritten", stories.c.id, where=UNWRITTEN)
UNPAGED = stories.c.mark > stories.c.paged
partial_index("stories_unpaged", stories.c.id, where=UNPAGED)

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", Row, primary_key=True),  # order of arrival
    sa.Column("post", Text, nullable=False, unique=True),  # PostId
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),
    sa.Column("story", sa.ForeignKey("stories.id"), nullable=False, index=True),
    sa.Column("dropped", Text, nullable=False),
    sa.Column("published", Moment, nullable=False),
    sa.Column("updated", Moment, nullable=False),
    sa.Column("first_seen", Moment, nullable=False),
    sa.Column("claims_updated", Moment),
    sa.Column("dated", Text, nullable=False),
    sa.Column("guid", Text, nullable=False),
    sa.Column("slug", Text, nullable=False),
    sa.Column("link", Text, nullable=False),
    sa.Column("link_key", Text),
    sa.Column("names_entry", sa.Boolean, nullable=False),
    sa.Column("standing", sa.Integer, nullable=False),
    sa.Column("digest", Text, nullable=False),
    sa.Column("text_digest", Text, nullable=False),
    sa.Column("label_digest", Text, nullable=False),
    sa.Column("republish", Text, nullable=False),
    sa.Column("language", Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("definition", Text, nullable=False),  # of its source, that it was last classified under
    sa.Column("purged", sa.Boolean, nullable=False),  # older than `output.keep`: no content, never shown
    sa.Column("title", Text, nullable=False),
    # The long ones last: SQLite walks a row from the left, over its overflow pages.
    sa.Column("details", Text, nullable=False),  # posts.Details as JSON
    sa.Column("summary", Text, nullable=False),
    sa.Column("content", Text, nullable=False),
    sa.Column("article", Text, nullable=False, server_default=""),  # Post.article
    sa.Column(
        "article_said", Text, nullable=False, server_default=""
    ),  # Article.said; "": none was asked for
    sa.Column(
        "awaits", Moment
    ),  # hidden until its article has come, or until then; NULL: it waits for nothing
    sa.Index("posts_of_source", "source", "dropped"),
)
KEPT = posts.c.purged.is_(False)
# What an edit outdates.
partial_index("posts_classified", posts.c.source, posts.c.definition, posts.c.published, where=KEPT)
partial_index("posts_seen", posts.c.first_seen, where=KEPT)  # what retention looks at
AWAITS = posts.c.awaits.is_not(None)
partial_index("posts_awaiting", posts.c.awaits, where=AWAITS)

post_categories = sa.Table(
    "post_categories",
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("category", Text, nullable=False),
    sqlite_with_rowid=False,
)

post_keys = sa.Table(
    "post_keys",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True),
    sqlite_with_rowid=False,
)

tellings = sa.Table(
    "tellings",  # how posts came into a story that another one has founded; founders have no row
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("telling", Text, nullable=False),  # posts.post of the first of the story in these words
    sa.Column("joined", Text, nullable=False),  # JoinedBy
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
    sa.Column("key", Text, primary_key=True),
    sqlite_with_rowid=False,
)

placements = sa.Table(
    "placements",  # where stories with a visible member are shown, SITE included: `newest` walks the index
    metadata,
    sa.Column("category", Text, primary_key=True),
    sa.Column("shown", Text, primary_key=True),  # PostId: the story's, or of a telling that is kept apart
    sa.Column("story", sa.ForeignKey("stories.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("published", Moment, nullable=False),  # of the post that leads what is shown
    sa.Column("source", sa.ForeignKey("sources.id"), nullable=False),  # of that post
    sa.Column("held", sa.Boolean, nullable=False, server_default="0"),  # shown in an archive only
    sa.Column("number", sa.Integer),  # of the archive that it is in; NULL: none
    sqlite_with_rowid=False,
)
sa.Index("placements_newest", placements.c.category, placements.c.published.desc(), placements.c.shown)
UNCUT = placements.c.number.is_(None)
partial_index(
    "placements_uncut", placements.c.category, placements.c.published.desc(), placements.c.shown, where=UNCUT
)

held_back = sa.Table(
    "held_back",  # posts of a first poll that stay out of a scope, SITE included: the `backlog` of a source
    metadata,
    sa.Column("post", sa.ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("scope", Text, primary_key=True),
    sqlite_with_rowid=False,
)
