"""Shell. The tables, as SQLAlchemy Core sees them; `migrations` make them step by step.

Times are integer microseconds UTC, so that every database orders them alike. What only travels whole (a
source's memory, a post's authors) is one JSON text; what is searched, joined or compared is a column.
Nothing here runs a statement.
"""

from __future__ import annotations

from aggregator.store.tables.columns import (
    EPOCH,
    HEAD,
    MICROSECOND,
    SITE,
    AnyRow,
    Moment,
    Row,
    Span,
    metadata,
    on_postgres,
)
from aggregator.store.tables.polling import (
    ERRAND_LEASED,
    ERRAND_WAITS,
    LEASABLE,
    LEASED,
    errands,
    facts,
    hosts,
    items,
    robots,
    sources,
)
from aggregator.store.tables.published import (
    UNSETTLED,
    adopted_files,
    archived,
    archives,
    documents,
    post_files,
    scopes,
)
from aggregator.store.tables.shared import contents, duties
from aggregator.store.tables.taken import ended, gone, retracted, taken_bands, tombstones
from aggregator.store.tables.told import (
    AWAITS,
    KEPT,
    UNCUT,
    UNPAGED,
    UNWRITTEN,
    bands,
    categories,
    held_back,
    placements,
    post_categories,
    post_keys,
    posts,
    stories,
    tellings,
    withdrawn_keys,
)
from aggregator.store.tables.watched import events, exchanges
from aggregator.store.tables.websub import (
    followings,
    hub_intents,
    hub_subscriptions,
    hub_topics,
    hub_versions,
)

__all__ = [
    "AWAITS",
    "EPOCH",
    "ERRAND_LEASED",
    "ERRAND_WAITS",
    "HEAD",
    "KEPT",
    "LEASABLE",
    "LEASED",
    "MICROSECOND",
    "SITE",
    "UNCUT",
    "UNPAGED",
    "UNSETTLED",
    "UNWRITTEN",
    "AnyRow",
    "Moment",
    "Row",
    "Span",
    "adopted_files",
    "archived",
    "archives",
    "bands",
    "categories",
    "contents",
    "documents",
    "duties",
    "ended",
    "errands",
    "events",
    "exchanges",
    "facts",
    "followings",
    "gone",
    "held_back",
    "hosts",
    "hub_intents",
    "hub_subscriptions",
    "hub_topics",
    "hub_versions",
    "items",
    "metadata",
    "on_postgres",
    "placements",
    "post_categories",
    "post_files",
    "post_keys",
    "posts",
    "retracted",
    "robots",
    "scopes",
    "sources",
    "stories",
    "taken_bands",
    "tellings",
    "tombstones",
    "withdrawn_keys",
]
