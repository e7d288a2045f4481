"""Shell. What has ended: output ids that are used no more, and what readers are told of them.

Nothing is ended here (`takedown`): this is what judging, documents and answers look up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from aggregator.model import Ended, PostId, Retraction, Scope, Tombstone
from aggregator.store.dialects import numbers
from aggregator.store.posts import SOME, SOME_ROWS, chunks
from aggregator.store.tables import (
    SITE,
    AnyRow,
    Moment,
    ended,
    gone,
    placements,
    posts,
    retracted,
    taken_bands,
    tombstones,
)

MOST_IN_BAND = 30
"""Posts of a band that still says something."""

KIND = sa.select(ended.c.kind).where(ended.c.id == posts.c.story).scalar_subquery()
"""What ended the story of a post; NULL: nothing did."""

# Built once: building a statement takes longer than SQLite takes to run it.
_OF_IDS = sa.select(ended.c.id, ended.c.at, ended.c.kind, ended.c.reason).where(ended.c.id.in_(SOME))
# A story that is shown nowhere, since its source has deleted what told it.
_RETRACTED = (
    sa.select(posts.c.story.label("id"), sa.func.max(retracted.c.since, type_=Moment).label("at"))
    .join(retracted, retracted.c.post == posts.c.id)
    .where(
        posts.c.story.in_(SOME),
        retracted.c.back.is_(False),
        ~sa.exists().where(placements.c.story == posts.c.story),
    )
    .group_by(posts.c.story)
)
_DELETED = (
    sa.select(posts.c.id, posts.c.post, retracted.c.at, retracted.c.comment)
    .join(retracted, retracted.c.post == posts.c.id)
    .where(posts.c.id.in_(SOME_ROWS), retracted.c.back.is_(False))
)
_ASKED = numbers("asked")
_IN_BANDS = sa.select(taken_bands.c.band, posts.c.id, posts.c.post).select_from(
    _ASKED.join(taken_bands, taken_bands.c.band == _ASKED.c.value).join(
        posts, posts.c.id == taken_bands.c.post
    )
)


def used(connection: sa.Connection, ids: Iterable[PostId]) -> frozenset[PostId]:
    """Those of some ids that have ended, and that no post may get."""
    return frozenset(_rows(connection, ids))


def of_stories(connection: sa.Connection, ids: Iterable[PostId]) -> Mapping[PostId, Ended]:
    """What ended which of these stories."""
    return {id: Ended(row.at, row.kind, row.reason) for id, row in _rows(connection, ids).items()}


def _rows(connection: sa.Connection, ids: Iterable[PostId]) -> dict[PostId, AnyRow]:
    found: dict[PostId, AnyRow] = {}
    for some in chunks(ids):
        found.update({PostId(row.id): row for row in connection.execute(_OF_IDS, {"some": some})})
    return found


def buried(connection: sa.Connection, ids: Iterable[PostId]) -> Mapping[PostId, Tombstone]:
    """The tombstones of those of some ids that have ended, or that their source has deleted: for good."""
    wanted = list(ids)
    found = {id: row.at for id, row in _rows(connection, wanted).items()}
    for some in chunks(wanted):
        for row in connection.execute(_RETRACTED, {"some": some}):
            found.setdefault(PostId(row.id), row.at)
    return {id: Tombstone(id, at) for id, at in found.items()}


def retractions(connection: sa.Connection, rows: Iterable[int]) -> Mapping[int, Retraction]:
    """Those of some posts (row ids) that their source has deleted, and not sent again since."""
    found: dict[int, Retraction] = {}
    for some in chunks(rows):
        for row in connection.execute(_DELETED, {"some": some}):
            found[row.id] = Retraction(PostId(row.post), row.at, row.comment)
    return found


def told_of(connection: sa.Connection, scope: Scope) -> Sequence[Tombstone]:
    """The tombstones in the subscription documents of a scope, newest first, then by id."""
    query = (
        sa.select(tombstones.c.id, tombstones.c.at)
        .where(tombstones.c.scope == (SITE if scope is None else scope))
        .order_by(tombstones.c.at.desc(), tombstones.c.id)
    )
    return [Tombstone(PostId(row.id), row.at) for row in connection.execute(query)]


def shared(
    connection: sa.Connection, of_posts: Iterable[Sequence[int]]
) -> Mapping[int, Mapping[int, PostId]]:
    """The posts in some bands that were taken down: by band, row ids with their ids."""
    asked = sorted({band for of_post in of_posts for band in of_post})
    found: defaultdict[int, dict[int, PostId]] = defaultdict(dict)
    for band, row, post in connection.execute(_IN_BANDS, {"asked": asked}) if asked else ():
        found[band][row] = PostId(post)
    return {band: rows for band, rows in found.items() if len(rows) <= MOST_IN_BAND}


def is_gone(connection: sa.Connection, path: str) -> bool:
    """Whether a page was there until what it showed was taken down."""
    return connection.execute(sa.select(gone.c.path).where(gone.c.path == path)).first() is not None
