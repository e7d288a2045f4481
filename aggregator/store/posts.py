"""Shell. Posts as rows and back.

A row keeps the whole `Post` but for what is needed only when it comes in: what is searched or compared as
columns, the rest as one JSON text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

from aggregator.model import (
    Enclosure,
    Key,
    Label,
    Person,
    Post,
    PostId,
    Said,
    Slug,
    SourceInfo,
    Url,
)
from aggregator.store import batches
from aggregator.store.dialects import numbers, texts
from aggregator.store.tables import AnyRow, post_categories, post_keys, posts

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
    whole: bool = False


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

SOME = sa.select(texts("some").c.value)
"""What a statement that is built once looks for, in a column of text: a list, as one parameter.

Building a statement takes longer than SQLite takes to run it, and so does writing it out for so many values.
"""
SOME_ROWS = sa.select(numbers("some").c.value)
"""The same for row ids."""
_KEYS = post_keys.insert()
_CATEGORIES = post_categories.insert()
_CATEGORIES_OF = (
    sa.select(post_categories.c.post, post_categories.c.category)
    .where(post_categories.c.post.in_(SOME_ROWS))
    .order_by(post_categories.c.post, post_categories.c.rank)
)
_TAKEN = sa.select(posts.c.id, posts.c.post, posts.c.source, posts.c.story, posts.c.purged).where(
    posts.c.post.in_(SOME)
)

# Fields that are needed only when a post comes in: they are in its keys, or in a table of their own.
TRANSIENT = ("canonical", "forms", "bands")


def chunks(values: Iterable[T], share: int = 1) -> Iterator[Sequence[T]]:
    """The values in lists that fit one statement, which may name so many for each."""
    every, size = list(values), AT_ONCE // share
    for start in range(0, len(every), size):
        yield every[start : start + size]


def row_of(post: Post) -> dict[str, Any]:
    """The columns of a post, without its source and story."""
    details = Details(
        post.origin,
        post.labels,
        post.tags,
        post.authors,
        post.enclosures,
        post.said,
        post.keys,
        post.via,
        post.whole,
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
        whole=details.whole,
        article=row.article,
        **{name: getattr(row, name) for name in PLAIN},
    )


def write_keys(connection: sa.Connection, rows: Mapping[int, Post]) -> None:
    """The keys and categories of posts, by row id. Those that were there must be gone."""
    keys = [{"post": row, "key": key} for row, post in rows.items() for key in dict.fromkeys(post.keys)]
    batches.write(connection, _KEYS, keys)
    write_categories(connection, rows)


def write_categories(connection: sa.Connection, rows: Mapping[int, Post]) -> None:
    """The categories of posts, by row id. Those that were there must be gone."""
    slugs = [
        {"post": row, "rank": rank, "category": slug}
        for row, post in rows.items()
        for rank, slug in enumerate(dict.fromkeys(post.categories))
    ]
    batches.write(connection, _CATEGORIES, slugs)


def categories_of(connection: sa.Connection, rows: Iterable[int]) -> Mapping[int, list[Slug]]:
    """The categories of posts by row id, in the posts' own order."""
    found: defaultdict[int, list[Slug]] = defaultdict(list)
    for some in chunks(rows):
        for row in connection.execute(_CATEGORIES_OF, {"some": some}):
            found[row.post].append(Slug(row.category))
    return found


def taken(connection: sa.Connection, ids: Iterable[PostId]) -> dict[PostId, AnyRow]:
    """Those of some ids that posts have, with row id, source and story."""
    found: dict[PostId, AnyRow] = {}
    for some in chunks(ids):
        found.update({PostId(row.post): row for row in connection.execute(_TAKEN, {"some": some})})
    return found
