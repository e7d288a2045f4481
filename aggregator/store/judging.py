"""Shell. What judging the posts of a document needs of the stored ones, and whether that has changed since.

Nothing is written here, and nothing decided but what is still as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import sqlalchemy as sa

from aggregator.dedupe import CANDIDATES_SEEN
from aggregator.dedupe.keys import by_title
from aggregator.dedupe.rekeyed import ALIKE
from aggregator.dedupe.shingles import LONGEST_MARKUP
from aggregator.model import (
    Candidate,
    Duplicate,
    Key,
    Known,
    KnownPost,
    Lookup,
    New,
    PollOutcome,
    PostId,
    Rejected,
    Unchanged,
    Url,
)
from aggregator.store import bands, categories, ended, marks
from aggregator.store.dialects import texts
from aggregator.store.posts import SOME, SOME_ROWS, categories_of, chunks
from aggregator.store.tables import AnyRow, post_keys, posts, retracted, sources, tellings, withdrawn_keys
from aggregator.store.tables import ended as ended_ids


def known(connection: sa.Connection, lookup: Lookup) -> Known:
    """What judging the posts of one document needs; nothing is asked where there is no document."""
    if lookup == Lookup(lookup.source):
        return Known()
    of_categories = categories.known(connection, lookup)
    led_to, withdrawn = _led_to_or_withdrawn(connection, lookup)
    there = _known_posts(connection, {row for rows in led_to.values() for row in rows})
    # In order of arrival.
    by_key = {key: tuple(there[row] for row in sorted(rows)) for key, rows in led_to.items()}
    return Known(
        by_key=by_key,
        by_band=_by_band(connection, lookup, by_key),
        ids=_used(connection, lookup.ids),
        withdrawn=withdrawn,
        labels=of_categories.labels,
        slugs=of_categories.slugs,
        configured=of_categories.configured,
        templated=of_categories.templated,
        opened=marks.opened(connection) if lookup.first else {},
    )


def moved_on(connection: sa.Connection, outcome: PollOutcome) -> bool:
    """Whether what an outcome was judged against has gained something since, or a story of it has ended."""
    if not outcome.judged and not outcome.verdicts and not outcome.categories:
        return False  # as of most polls
    # Whether their ids are free still is found when they are written (`stories.Collision`).
    fresh = {v.post.id for v in outcome.verdicts if isinstance(v, New | Duplicate)}
    # What joins a story that has ended meanwhile may belong to those who tell it still.
    joined = {v.story for v in outcome.verdicts if isinstance(v, Duplicate | Rejected) and v.story}
    led_to, used = _led_to_or_ended(connection, outcome.judged, fresh | (joined - outcome.ended))
    if used or any(not outcome.judged[key].issuperset(rows.values()) for key, rows in led_to.items()):
        return True
    return _gained(connection, outcome) or categories.taken(connection, outcome.categories)


# A key that its source has withdrawn leads to none of that source's posts.
_NOT_WITHDRAWN = ~sa.exists().where(
    withdrawn_keys.c.source == posts.c.source, withdrawn_keys.c.key == post_keys.c.key
)
_LED_TO = (
    sa.select(post_keys.c.key, posts.c.id, posts.c.post)
    .join(posts, posts.c.id == post_keys.c.post)
    .where(post_keys.c.key.in_(SOME), _NOT_WITHDRAWN)
)
# Two questions in one statement: sending it takes longer than either of them. What answers the second has no
# row of posts.
_LED_TO_OR_WITHDRAWN = _LED_TO.union_all(
    sa.select(withdrawn_keys.c.key, sa.null(), sa.null())
    .join(sources, sources.c.id == withdrawn_keys.c.source)
    .where(sources.c.url == sa.bindparam("source"), withdrawn_keys.c.key.in_(SOME))
)
_LED_TO_OR_ENDED = _LED_TO.union_all(
    sa.select(ended_ids.c.id, sa.null(), sa.null()).where(ended_ids.c.id.in_(sa.select(texts("ids").c.value)))
)
_USED = (
    sa.select(posts.c.post)
    .where(posts.c.post.in_(SOME))
    .union_all(sa.select(ended_ids.c.id).where(ended_ids.c.id.in_(SOME)))
)


def _led_to_or_withdrawn(
    connection: sa.Connection, lookup: Lookup
) -> tuple[dict[Key, dict[int, PostId]], frozenset[Key]]:
    """The posts that each key of a document leads to, and the keys that its source has withdrawn."""
    rows: list[AnyRow] = []
    for some in chunks(lookup.keys, 2):
        rows += connection.execute(_LED_TO_OR_WITHDRAWN, {"some": some, "source": lookup.source})
    return _led_to(rows), frozenset(Key(row.key) for row in rows if row.id is None)


def _led_to_or_ended(
    connection: sa.Connection, keys: Iterable[Key], ids: Iterable[PostId]
) -> tuple[dict[Key, dict[int, PostId]], frozenset[PostId]]:
    """The posts that each key leads to now, and those of some ids that have ended."""
    rows: list[AnyRow] = []
    for some, others in zip_longest(chunks(keys, 2), chunks(ids, 2), fillvalue=()):
        rows += connection.execute(_LED_TO_OR_ENDED, {"some": some, "ids": others})
    return _led_to(rows), frozenset(PostId(row.key) for row in rows if row.id is None)


def _led_to(rows: Iterable[AnyRow]) -> dict[Key, dict[int, PostId]]:
    """The posts that each key leads to: row ids and ids.

    A title of too many says nothing, and loading them all would take longer with each poll.
    """
    found: defaultdict[Key, dict[int, PostId]] = defaultdict(dict)
    for row in rows:
        if row.id is not None:
            found[Key(row.key)][row.id] = PostId(row.post)
    return {key: led_to for key, led_to in found.items() if len(led_to) <= ALIKE or not by_title(key)}


def _used(connection: sa.Connection, ids: Iterable[PostId]) -> frozenset[PostId]:
    """Those of some ids that posts have, or had until they ended."""
    found: set[PostId] = set()
    for some in chunks(ids, 2):
        found.update(map(PostId, connection.execute(_USED, {"some": some}).scalars()))
    return frozenset(found)


def _by_band(
    connection: sa.Connection, lookup: Lookup, by_key: Mapping[Key, Sequence[KnownPost]]
) -> dict[int, tuple[Candidate, ...]]:
    """The founders that share bands with those posts of a document that are new, in order of arrival.

    What was taken down is among them, however long ago.
    """
    wanted = [
        of_post
        for key, of_post in lookup.bands.items()
        if all(known.source != lookup.source for known in by_key.get(key, ()))
    ]
    found = bands.shared(connection, lookup.source, wanted, lookup.seen_since)
    for band, rows in ended.shared(connection, wanted).items():
        found[band] = {**found.get(band, {}), **rows}
    there = _candidates(connection, {row for rows in found.values() for row in rows})
    return {band: tuple(there[row] for row in sorted(rows)) for band, rows in found.items()}


def _gained(connection: sa.Connection, outcome: PollOutcome) -> bool:
    """Whether a band has gained a founder since, of those that would be considered now."""
    judged = outcome.judged_bands
    of_posts = [
        of_post
        for verdict in outcome.verdicts
        if not isinstance(verdict, Unchanged)
        if (of_post := tuple(band for band in verdict.post.bands if band in judged))
    ]
    since = outcome.at - CANDIDATES_SEEN
    found = bands.shared(connection, outcome.lease.source.url, of_posts, since)
    return any(set(rows.values()) - judged[band] for band, rows in found.items())


def _candidates(connection: sa.Connection, rows: Iterable[int]) -> dict[int, Candidate]:
    """Founders by row id, with what comparing texts needs."""
    known = _known_posts(connection, rows)
    members: defaultdict[str, set[Url]] = defaultdict(set)
    texts: dict[int, AnyRow] = {}
    for some in chunks(known):
        told = connection.execute(_TOLD_BY, {"some": list({known[row].story for row in some})})
        for story, url in told:
            members[story].add(Url(url))
        texts |= {row.id: row for row in connection.execute(_TEXTS, {"some": some})}
    return {
        row: Candidate(
            one, texts[row].title, texts[row].content or texts[row].summary, frozenset(members[one.story])
        )
        for row, one in known.items()
    }


_TOLD_BY = (
    sa.select(posts.c.story, sources.c.url)
    .join(sources, sources.c.id == posts.c.source)
    .where(posts.c.story.in_(SOME))
    .distinct()
)
# No more of a text than is compared: it may be half a megabyte, and there may be thousands.
_TEXTS = sa.select(
    posts.c.id,
    posts.c.title,
    sa.func.substr(posts.c.summary, 1, LONGEST_MARKUP).label("summary"),
    sa.func.substr(posts.c.content, 1, LONGEST_MARKUP).label("content"),
).where(posts.c.id.in_(SOME_ROWS))
_KNOWN = (
    sa.select(
        *(c for c in posts.c if c.name not in ("title", "details", "summary", "content")),
        sources.c.url,
        tellings.c.telling,
        sources.c.taken,
        ended.KIND.label("ended"),
        *(retracted.c.at.label("retracted"), retracted.c.back),
    )
    .join(sources, sources.c.id == posts.c.source)
    .outerjoin(tellings, tellings.c.post == posts.c.id)
    .outerjoin(retracted, retracted.c.post == posts.c.id)
    .where(posts.c.id.in_(SOME_ROWS))
)


def _known_posts(connection: sa.Connection, rows: Iterable[int]) -> dict[int, KnownPost]:
    """Posts by row id, as far as judging another needs them."""
    found: dict[int, KnownPost] = {}
    for some in chunks(rows):
        slugs = categories_of(connection, some)
        for row in connection.execute(_KNOWN, {"some": some}):
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
                telling=PostId(row.telling) if row.telling not in (None, row.post) else None,
                standing=row.standing,
                categories=tuple(slugs.get(row.id, ())),
                dropped=row.dropped,
                dated=row.dated,
                ended=row.ended or ("source" if row.taken else None),
                retracted=row.retracted,
                back=bool(row.back),
            )
    return found
