"""Shell. The bands of the posts that found a story, by which others are found that tell it in other words.

Only founders of late have rows: a post is measured against the one that began a story, and what comes back
after weeks is another one. A band of many is one of a template, which says nothing, and is left out. What
shares the most bands is looked at; whether it tells the same is not decided here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from aggregator.dedupe import CANDIDATES_SEEN
from aggregator.model import PostId, Url
from aggregator.store import batches
from aggregator.store.dialects import numbers
from aggregator.store.posts import SOME, SOME_ROWS, chunks
from aggregator.store.tables import EPOCH, KEPT, bands, categories, posts, sources, taken_bands

MOST_IN_BAND = 30
"""Founders of a band that still says something."""
CONSIDERED = 8
"""Founders that are looked at for each post: more than are compared, since some are ruled out by then."""
SWEPT = 200
"""Posts whose bands are deleted in one transaction: a fraction of a second."""
SWEEPS = 10
"""Transactions of one housekeeping, which all else waits for: what is left waits for the next."""


def wanted(connection: sa.Connection) -> bool:
    """Whether posts need bands: some category merges near duplicates, or something was taken down.

    Where there is no category yet, the first post makes one that merges.
    """
    return bool(connection.execute(_WANTED).scalar_one())


_WANTED = sa.select(
    sa.or_(
        sa.exists().where(categories.c.keeps.is_(False)),
        ~sa.exists().where(categories.c.slug.is_not(None)),
        sa.exists().where(taken_bands.c.post.is_not(None)),
    )
)


def write(connection: sa.Connection, founders: Mapping[PostId, Sequence[int]], now: datetime) -> None:
    """Let founders have these bands and no others; those that are too old or have no content get none."""
    for some in chunks(founders):
        there = connection.execute(_FOUNDERS, {"some": some}).all()
        forget(connection, (row.id for row in there))
        rows = [
            {"band": band, "post": row.id}
            for row in there
            if row.first_seen >= now - CANDIDATES_SEEN and not row.purged
            for band in dict.fromkeys(founders[PostId(row.post)])
        ]
        batches.write(connection, _BANDS, rows)


def forget(connection: sa.Connection, rows: Iterable[int]) -> None:
    """Take the bands from posts (row ids)."""
    for some in chunks(rows):
        connection.execute(_FORGET, {"some": some})


_BANDS = bands.insert()
_FOUNDERS = sa.select(posts.c.id, posts.c.post, posts.c.first_seen, posts.c.purged).where(
    posts.c.post.in_(SOME)
)
_FORGET = bands.delete().where(bands.c.post.in_(SOME_ROWS))


def sweep(connection: sa.Connection, now: datetime) -> bool:
    """Take the bands from some of the posts that came in too long ago; whether there may be more."""
    waiting = connection.execute(_FIRST_COME).all()
    old = [row.id for row in waiting if row.first_seen < now - CANDIDATES_SEEN]
    forget(connection, old)
    return bool(old)


def _first_come() -> sa.Select[tuple[int, datetime]]:
    """The posts with bands that came first: each is found by one look into the index, and no more of them."""
    each = sa.select(sa.func.min(bands.c.post).label("post"), sa.literal(1, sa.Integer).label("number"))
    each_one = each.cte("each", recursive=True)
    after = sa.select(sa.func.min(bands.c.post)).where(bands.c.post > each_one.c.post).scalar_subquery()
    following = sa.select(after, each_one.c.number + 1).where(
        each_one.c.post.is_not(None), each_one.c.number < SWEPT
    )
    first = each_one.union_all(following)
    return sa.select(posts.c.id, posts.c.first_seen).join(first, first.c.post == posts.c.id)


_FIRST_COME = _first_come()

# All bands that are asked for are one parameter, so that the statement is the same for any number of them.
_ASKED = numbers("asked")
_IN_IT = bands.alias("in_it")
_FEW = (
    sa.select(sa.func.count())
    .select_from(
        sa.select(_IN_IT.c.post)
        .where(_IN_IT.c.band == _ASKED.c.value)
        .correlate(_ASKED)
        .limit(MOST_IN_BAND + 1)
        .subquery()
    )
    .scalar_subquery()
)
_IN_BANDS = (
    sa.select(bands.c.band, bands.c.post)
    .select_from(_ASKED.join(bands, bands.c.band == _ASKED.c.value))
    .where(_FEW <= MOST_IN_BAND)
)


def shared(
    connection: sa.Connection, source: Url, of_posts: Iterable[Sequence[int]], since: datetime | None
) -> dict[int, dict[int, PostId]]:
    """The founders in the bands of some posts of a source: by band, row ids with their ids.

    For each post those that share the most with it, without those that came in before `since` and those
    whose story its source tells already. Bands of many are left out.
    """
    wanted = [frozenset(of_post) for of_post in of_posts]
    in_bands: defaultdict[int, list[int]] = defaultdict(list)
    asked = sorted(frozenset[int]().union(*wanted))
    # All at once: row after row, fetching takes longer than finding.
    for band, row in connection.execute(_IN_BANDS, {"asked": asked}).all() if asked else ():
        in_bands[band].append(row)
    ids = _of_others(connection, source, {row for rows in in_bands.values() for row in rows}, since)
    found: defaultdict[int, dict[int, PostId]] = defaultdict(dict)
    for of_post in wanted:
        counted = Counter(row for band in of_post for row in in_bands.get(band, ()) if row in ids)
        nearest = sorted(counted, key=lambda row: (-counted[row], ids[row]))[:CONSIDERED]
        for band in of_post & in_bands.keys():
            found[band] |= {row: ids[row] for row in nearest if row in in_bands[band]}
    return {band: rows for band, rows in found.items() if rows}


def _of_others(
    connection: sa.Connection, source: Url, rows: Iterable[int], since: datetime | None
) -> dict[int, PostId]:
    """Those of some founders (row ids) that came in since then, of stories that a source does not tell."""
    found: dict[int, PostId] = {}
    for some in chunks(rows):
        there = connection.execute(_OF_OTHERS, {"some": some, "source": source, "since": since or EPOCH})
        found |= {row: PostId(post) for row, post in there.all()}
    return found


_MEMBER = posts.alias("member")
_OWN = sa.select(sources.c.id).where(sources.c.url == sa.bindparam("source")).scalar_subquery()
_OF_OTHERS = sa.select(posts.c.id, posts.c.post).where(
    posts.c.id.in_(SOME_ROWS),
    posts.c.first_seen >= sa.bindparam("since"),
    KEPT,
    ~sa.exists().where(_MEMBER.c.story == posts.c.story, _MEMBER.c.source == _OWN),
)
