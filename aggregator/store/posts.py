"""Shell. Posts as rows and back, and what judging a document needs of the stored ones.

A row keeps the whole `Post`: what is searched or compared as columns, the rest as one JSON text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

from aggregator.model import (
    Duplicate,
    Enclosure,
    Key,
    Known,
    KnownPost,
    Label,
    Lookup,
    New,
    Person,
    PollOutcome,
    Post,
    PostId,
    Said,
    Slug,
    SourceInfo,
    Url,
)
from aggregator.store import categories, marks
from aggregator.store.tables import (
    AnyRow,
    post_categories,
    post_keys,
    posts,
    sources,
    withdrawn_keys,
)

T = TypeVar("T")
# SQLite takes 32,766 parameters in a statement, and some builds 999.
AT_ONCE = 900


@dataclass(frozen=True, slots=True)
class Details:
    """The part of a post that only ever travels whole."""

    origin: SourceInfo
    labels: tuple[Label, ...]
    tags: tuple[str, ...]
    authors: tuple[Person, ...]
    enclosures: tuple[Enclosure, ...]
    said: Said
    keys: tuple[Key, ...]
    via: str = ""


DETAILS = TypeAdapter(Details)

# Columns that a post has under the same name; the others are worked out below.
PLAIN = (
    "guid",
    "title",
    "link",
    "published",
    "updated",
    "first_seen",
    "slug",
    "summary",
    "content",
    "language",
    "republish",
    "dated",
    "claims_updated",
    "names_entry",
    "standing",
    "link_key",
    "digest",
    "label_digest",
    "text_digest",
    "dropped",
    "position",
)


def chunks(values: Iterable[T]) -> Iterator[Sequence[T]]:
    """The values in lists that fit one statement."""
    every = list(values)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


def row_of(post: Post) -> dict[str, Any]:
    """The columns of a post, without its source and story."""
    details = Details(
        post.origin, post.labels, post.tags, post.authors, post.enclosures, post.said, post.keys, post.via
    )
    row: dict[str, Any] = {name: getattr(post, name) for name in PLAIN}
    return row | {"post": post.id, "details": DETAILS.dump_json(details).decode()}


def post_of(row: AnyRow, url: Url, slugs: Sequence[Slug]) -> Post:
    """The post of a row of `posts`, of the source at `url`."""
    details = DETAILS.validate_json(row.details)
    return Post(
        id=PostId(row.post),
        source=url,
        categories=tuple(slugs),
        origin=details.origin,
        labels=details.labels,
        tags=details.tags,
        authors=details.authors,
        enclosures=details.enclosures,
        said=details.said,
        keys=details.keys,
        via=details.via,
        **{name: getattr(row, name) for name in PLAIN},
    )


def write_keys(connection: sa.Connection, rows: Mapping[int, Post]) -> None:
    """The keys and categories of posts, by row id. Those that were there must be gone."""
    keys = [{"post": row, "key": key} for row, post in rows.items() for key in dict.fromkeys(post.keys)]
    if keys:
        connection.execute(post_keys.insert(), keys)
    write_categories(connection, rows)


def write_categories(connection: sa.Connection, rows: Mapping[int, Post]) -> None:
    """The categories of posts, by row id. Those that were there must be gone."""
    slugs = [
        {"post": row, "rank": rank, "category": slug}
        for row, post in rows.items()
        for rank, slug in enumerate(dict.fromkeys(post.categories))
    ]
    if slugs:
        connection.execute(post_categories.insert(), slugs)


def categories_of(connection: sa.Connection, rows: Iterable[int]) -> Mapping[int, list[Slug]]:
    """The categories of posts by row id, in the posts' own order."""
    found: defaultdict[int, list[Slug]] = defaultdict(list)
    for some in chunks(rows):
        query = (
            sa.select(post_categories.c.post, post_categories.c.category)
            .where(post_categories.c.post.in_(some))
            .order_by(post_categories.c.post, post_categories.c.rank)
        )
        for row in connection.execute(query):
            found[row.post].append(Slug(row.category))
    return found


def taken(connection: sa.Connection, ids: Iterable[PostId]) -> dict[PostId, AnyRow]:
    """Those of some ids that posts have, with row id, source and story."""
    found: dict[PostId, AnyRow] = {}
    for some in chunks(ids):
        query = sa.select(posts.c.id, posts.c.post, posts.c.source, posts.c.story, posts.c.purged).where(
            posts.c.post.in_(some)
        )
        found.update({PostId(row.post): row for row in connection.execute(query)})
    return found


def known(connection: sa.Connection, lookup: Lookup) -> Known:
    """What judging the posts of one document needs."""
    of_categories = categories.known(connection, lookup)
    return Known(
        by_key=_by_key(connection, lookup.keys),
        ids=frozenset(taken(connection, lookup.ids)),
        withdrawn=_withdrawn(connection, lookup),
        labels=of_categories.labels,
        slugs=of_categories.slugs,
        configured=of_categories.configured,
        templated=of_categories.templated,
        opened=marks.opened(connection) if lookup.first else {},
    )


def moved_on(connection: sa.Connection, outcome: PollOutcome) -> bool:
    """Whether what an outcome was judged against has gained something since."""
    for key, _, post in _led_to(connection, outcome.judged):
        if post not in outcome.judged[key]:
            return True
    fresh = {v.post.id for v in outcome.verdicts if isinstance(v, New | Duplicate)}
    return bool(taken(connection, fresh)) or categories.taken(connection, outcome.categories)


# A key that its source has withdrawn leads to none of that source's posts.
_NOT_WITHDRAWN = ~sa.exists().where(
    withdrawn_keys.c.source == posts.c.source, withdrawn_keys.c.key == post_keys.c.key
)


def _led_to(connection: sa.Connection, keys: Iterable[Key]) -> Iterator[tuple[Key, int, PostId]]:
    """Each key with the posts that it leads to: row id and id."""
    for some in chunks(keys):
        query = (
            sa.select(post_keys.c.key, posts.c.id, posts.c.post)
            .join(posts, posts.c.id == post_keys.c.post)
            .where(post_keys.c.key.in_(some), _NOT_WITHDRAWN)
        )
        for row in connection.execute(query):
            yield Key(row.key), row.id, PostId(row.post)


def _withdrawn(connection: sa.Connection, lookup: Lookup) -> frozenset[Key]:
    found: set[Key] = set()
    for some in chunks(lookup.keys):
        query = (
            sa.select(withdrawn_keys.c.key)
            .join(sources, sources.c.id == withdrawn_keys.c.source)
            .where(sources.c.url == lookup.source, withdrawn_keys.c.key.in_(some))
        )
        found.update(Key(key) for key in connection.execute(query).scalars())
    return frozenset(found)


def _by_key(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, tuple[KnownPost, ...]]:
    """The posts that each key leads to, in order of arrival."""
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for key, row, _ in _led_to(connection, keys):
        found[key].append(row)
    there = _known_posts(connection, {row for rows in found.values() for row in rows})
    return {key: tuple(there[row] for row in sorted(rows)) for key, rows in found.items()}


_KNOWN = sa.select(
    *(c for c in posts.c if c.name not in ("title", "details", "summary", "content")), sources.c.url
).join(sources, sources.c.id == posts.c.source)


def _known_posts(connection: sa.Connection, rows: Iterable[int]) -> dict[int, KnownPost]:
    """Posts by row id, as far as judging another needs them."""
    found: dict[int, KnownPost] = {}
    for some in chunks(rows):
        slugs = categories_of(connection, some)
        for row in connection.execute(_KNOWN.where(posts.c.id.in_(some))):
            found[row.id] = KnownPost(
                id=PostId(row.post),
                source=Url(row.url),
                guid=row.guid,
                slug=row.slug,
                digest=row.digest,
                text_digest=row.text_digest,
                label_digest=row.label_digest,
                link=row.link,
                link_key=row.link_key,
                published=row.published,
                updated=row.updated,
                first_seen=row.first_seen,
                story=PostId(row.story),
                standing=row.standing,
                categories=tuple(slugs.get(row.id, ())),
                dropped=row.dropped,
                dated=row.dated,
            )
    return found
