"""Shell. What judging the posts of a document needs of the stored ones, and whether that has changed since.

Nothing is written here, and nothing decided but what is still as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

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
from aggregator.store.posts import SOME, SOME_ROWS, categories_of, chunks, taken
from aggregator.store.tables import AnyRow, post_keys, posts, retracted, sources, tellings, withdrawn_keys


def known(connection: sa.Connection, lookup: Lookup) -> Known:
    """What judging the posts of one document needs; nothing is asked where there is no document."""
    if lookup == Lookup(lookup.source):
        return Known()
    of_categories = categories.known(connection, lookup)
    by_key = _by_key(connection, lookup.keys)
    return Known(
        by_key=by_key,
        by_band=_by_band(connection, lookup, by_key),
        ids=frozenset(taken(connection, lookup.ids)) | ended.used(connection, lookup.ids),
        withdrawn=_withdrawn(connection, lookup),
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
    for key, led_to in _led_to(connection, outcome.judged).items():
        if not outcome.judged[key].issuperset(led_to.values()):
            return True
    if _gained(connection, outcome):
        return True
    # Whether their ids are free still is found when they are written (`stories.Collision`).
    fresh = {v.post.id for v in outcome.verdicts if isinstance(v, New | Duplicate)}
    # What joins a story that has ended meanwhile may belong to those who tell it still.
    joined = {v.story for v in outcome.verdicts if isinstance(v, Duplicate | Rejected) and v.story}
    used = ended.used(connection, fresh | (joined - outcome.ended))
    return bool(used) or categories.taken(connection, outcome.categories)


# A key that its source has withdrawn leads to none of that source's posts.
_NOT_WITHDRAWN = ~sa.exists().where(
    withdrawn_keys.c.source == posts.c.source, withdrawn_keys.c.key == post_keys.c.key
)
_LED_TO = (
    sa.select(post_keys.c.key, posts.c.id, posts.c.post)
    .join(posts, posts.c.id == post_keys.c.post)
    .where(post_keys.c.key.in_(SOME), _NOT_WITHDRAWN)
)
_WITHDRAWN = (
    sa.select(withdrawn_keys.c.key)
    .join(sources, sources.c.id == withdrawn_keys.c.source)
    .where(sources.c.url == sa.bindparam("source"), withdrawn_keys.c.key.in_(SOME))
)


def _led_to(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, dict[int, PostId]]:
    """The posts that each key leads to: row ids and ids.

    A title of too many says nothing, and loading them all would take longer with each poll.
    """
    found: defaultdict[Key, dict[int, PostId]] = defaultdict(dict)
    for some in chunks(keys):
        for row in connection.execute(_LED_TO, {"some": some}):
            found[Key(row.key)][row.id] = PostId(row.post)
    return {key: led_to for key, led_to in found.items() if len(led_to) <= ALIKE or not by_title(key)}


def _withdrawn(connection: sa.Connection, lookup: Lookup) -> frozenset[Key]:
    found: set[Key] = set()
    for some in chunks(lookup.keys):
        keys = connection.execute(_WITHDRAWN, {"some": some, "source": lookup.source}).scalars()
        found.update(map(Key, keys))
    return frozenset(found)


def _by_key(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, tuple[KnownPost, ...]]:
    """The posts that each key leads to, in order of arrival."""
    found = _led_to(connection, keys)
    there = _known_posts(connection, {row for rows in found.values() for row in rows})
    return {key: tuple(there[row] for row in sorted(rows)) for key, rows in found.items()}


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
