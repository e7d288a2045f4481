"""Shell. `ports.PostFinder` on the database: one post with everything around it, shown or not.

Nobody waits for a document here: what no index leads to is found by walking the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.model import Merged, Place, PostId, Scope, Slug, Sought, StoredPost, StoredStory, Url
from aggregator.store import ended, watched
from aggregator.store.database import Database
from aggregator.store.posts import categories_of, chunks, post_of
from aggregator.store.tables import (
    SITE,
    AnyRow,
    held_back,
    placements,
    post_files,
    post_keys,
    posts,
    scopes,
    sources,
    tellings,
)

_ROWS = (
    sa.select(
        posts,
        *(sources.c.url, sources.c.active),
        *(tellings.c.telling, tellings.c.joined, tellings.c.similarity),
    )
    .join(sources, sources.c.id == posts.c.source)
    .outerjoin(tellings, tellings.c.post == posts.c.id)
)

SHOWN = placements.c.held.is_(False)
"""What is held back has a place too, for the archives."""


class Finder:
    """Implements `ports.PostFinder`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, sought: Sought, limit: int, /) -> Sequence[StoredStory]:
        with self._database.read() as connection:
            found = _by_index(connection, sought) or _by_text(connection, sought)
            wanted = sorted(sorted(found), key=lambda story: found[story], reverse=True)[:limit]
            members = _members(connection, wanted)
            places = _places(connection, wanted)
            files = _files(connection, wanted)
            archives = _archives(connection, wanted)
            return [
                StoredStory(
                    story,
                    tuple(members[story]),
                    tuple(places[story]),
                    tuple(files[story]),
                    tuple(archives[story]),
                )
                for story in wanted
            ]

    def of_source(self, source: Url, limit: int, /) -> Sequence[StoredPost]:
        newest = _ROWS.where(sources.c.url == source).order_by(posts.c.published.desc(), posts.c.post)
        with self._database.read() as connection:
            return _stored(connection, connection.execute(newest.limit(limit)).all())

    def merged(self, limit: int, /) -> Sequence[Merged]:
        with self._database.read() as connection:
            return watched.merged(connection, limit)


def _by_index(connection: sa.Connection, sought: Sought) -> Mapping[PostId, datetime]:
    """The stories of posts of an id or under keys, each with the date of its newest such post."""
    ways: list[sa.ColumnElement[bool]] = [posts.c.post == sought.name, posts.c.story == sought.name]
    for some in chunks(sorted(sought.keys)):
        ways.append(posts.c.id.in_(sa.select(post_keys.c.post).where(post_keys.c.key.in_(some))))
    found: dict[PostId, datetime] = {}
    for way in ways:  # one by one: SQLite takes an index for each
        found |= _newest(connection, way, found)
    return found


def _by_text(connection: sa.Connection, sought: Sought) -> Mapping[PostId, datetime]:
    """The stories of posts whose guid or link is one of the texts: a walk over the whole table."""
    return _newest(connection, sa.or_(posts.c.guid.in_(sought.texts), posts.c.link.in_(sought.texts)), {})


def _newest(
    connection: sa.Connection, way: sa.ColumnElement[bool], before: Mapping[PostId, datetime]
) -> dict[PostId, datetime]:
    query = sa.select(posts.c.story, sa.func.max(posts.c.published)).where(way).group_by(posts.c.story)
    newest = {PostId(story): published for story, published in connection.execute(query)}
    return {story: max(published, before.get(story, published)) for story, published in newest.items()}


def _members(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, list[StoredPost]]:
    rows: list[AnyRow] = []
    for some in chunks(wanted):
        rows.extend(connection.execute(_ROWS.where(posts.c.story.in_(some))))
    members: defaultdict[PostId, list[StoredPost]] = defaultdict(list)
    for stored in _stored(connection, sorted(rows, key=lambda row: int(row.id))):
        members[stored.story].append(stored)
    return members


def _stored(connection: sa.Connection, rows: Sequence[AnyRow]) -> list[StoredPost]:
    ids = [row.id for row in rows]
    slugs = categories_of(connection, ids)
    held: defaultdict[int, set[Scope]] = defaultdict(set)
    for some in chunks(ids):
        for row in connection.execute(sa.select(held_back).where(held_back.c.post.in_(some))):
            held[row.post].add(_scope(row.scope))
    over = ended.of_stories(connection, {PostId(row.story) for row in rows})
    deleted = ended.retractions(connection, ids)
    return [
        StoredPost(
            post=post_of(row, Url(row.url), slugs.get(row.id, [])),
            story=PostId(row.story),
            definition=row.definition,
            active=row.active,
            purged=row.purged,
            telling=None if row.telling is None else PostId(row.telling),
            joined=row.joined,
            similarity=1.0 if row.similarity is None else row.similarity,
            held=frozenset(held[row.id]),
            ended=over.get(PostId(row.story)),
            retracted=deleted.get(row.id),
            article_said=row.article_said,
            awaits=row.awaits,
        )
        for row in rows
    ]


def _places(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, list[Place]]:
    """Where some stories stand in every scope that they are placed in, the site last."""
    found: defaultdict[PostId, list[Place]] = defaultdict(list)
    query = (
        sa.select(placements, (scopes.c.mark > scopes.c.settled).label("waits"))
        .join(scopes, scopes.c.scope == placements.c.category)
        .where(placements.c.story.in_(wanted), SHOWN)
        .order_by(
            placements.c.category == SITE,
            placements.c.category,
            placements.c.published.desc(),
            placements.c.shown,
        )
    )
    for row in connection.execute(query).all():
        newer, every = _standing(connection, row)
        found[PostId(row.story)].append(
            Place(_scope(row.category), PostId(row.shown), newer + 1, every, row.published, row.waits)
        )
    return found


def _standing(connection: sa.Connection, place: AnyRow) -> tuple[int, int]:
    """How many come before a placement in its scope, and how many there are."""
    of_scope = sa.select(sa.func.count()).where(placements.c.category == place.category, SHOWN)
    newer = of_scope.where(
        sa.or_(
            placements.c.published > place.published,
            sa.and_(placements.c.published == place.published, placements.c.shown < place.shown),
        )
    )
    return (
        int(connection.execute(newer).scalar_one()),
        int(connection.execute(of_scope).scalar_one()),
    )


def _files(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, list[str]]:
    found: defaultdict[PostId, list[str]] = defaultdict(list)
    there = sa.select(post_files).where(post_files.c.story.in_(wanted), post_files.c.digest != "")
    for row in connection.execute(there.order_by(post_files.c.root, post_files.c.name)):
        found[PostId(row.story)].append(row.name)
    return found


def _archives(connection: sa.Connection, wanted: Sequence[PostId]) -> Mapping[PostId, list[tuple[Slug, int]]]:
    """The archives that show some stories, or tellings of them; what is held back may be in one, too."""
    found: defaultdict[PostId, list[tuple[Slug, int]]] = defaultdict(list)
    there = sa.select(placements.c.story, placements.c.category, placements.c.number).distinct()
    numbered = there.where(placements.c.story.in_(wanted), placements.c.number.is_not(None))
    for row in connection.execute(numbered.order_by(placements.c.category, placements.c.number)):
        found[PostId(row.story)].append((Slug(row.category), row.number))
    return found


def _scope(scope: str) -> Scope:
    return None if scope == SITE else Slug(scope)
